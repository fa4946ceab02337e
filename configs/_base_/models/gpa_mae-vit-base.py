"""GPA: MAE whose masks follow the attention of a frozen, pre-trained MAE, and a second task that predicts it.

`_attention` names the block and the head, counted from 0, that score and target read. Runs set
`default_hooks.progress.first=0`: progress is e / E, as in the public code.
"""

_base_ = "./mae_vit-base.py"
_attention = dict(block=9, head=11)
model = dict(
    masking=dict(
        score=dict(type="AttentionScore", teacher="mae", **_attention),
        policy=dict(type="SoftToHardPolicy"),
    ),
    tasks=dict(
        attention=dict(
            type="Task",
            decoder=dict(type="TransformerDecoder", depth=8),
            target=dict(type="AttentionTarget", teacher="mae", normalize="standardized", **_attention),
            loss=dict(type="PatchMSE"),
            positions="masked",
        ),
    ),
    teachers=dict(mae=dict(type="PretrainedTeacher", checkpoint="checkpoints/mae_vit-base.pth")),
)
