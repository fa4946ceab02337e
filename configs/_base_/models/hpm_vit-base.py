"""HPM: MAE plus an EMA teacher, a loss predictor and an easy-to-hard mask. Plain pixels, as in the paper's tables."""

_base_ = "./mae_vit-base.py"
model = dict(
    masking=dict(
        score=dict(type="PredictedLossScore", teacher="ema"),
        policy=dict(type="EasyToHardPolicy", alpha_start=0.0, alpha_end=0.5),
    ),
    tasks=dict(
        reconstruct=dict(target=dict(normalize=False)),
        predict_loss=dict(
            type="Task",
            decoder=dict(type="TransformerDecoder", depth=8),
            target=dict(type="PatchLossTarget", task="reconstruct"),
            loss=dict(type="RelativePatchLoss"),
        ),
    ),
    teachers=dict(ema=dict(type="EMATeacher", start=0.999, end=0.9999, ramp_epochs=100)),
)
