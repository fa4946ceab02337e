"""What PASS adds to a host: a task that predicts its loss per patch, and the hook that chooses the images.

`_predict_loss` is for `model.tasks`, `_selection` for `default_hooks`. The task runs in the 3 epochs before a selection
only, so with several processes DDP has to look for parameters without gradient: find_unused_parameters=True.
"""

_predict_loss = dict(
    type="Task",
    decoder=dict(type="TransformerDecoder", depth=8),
    target=dict(type="PatchLossTarget", task="reconstruct"),
    loss=dict(type="AbsolutePatchLoss", target="raw", divide_by="all"),
)
# 20 of 200 epochs on all images, then 30 % of them, which together is 37 % of 200 full epochs. The predictor is trained
# in 30 epochs, as Table 4 has it: 3 of them lead up to a selection that the end of the run forestalls.
_selection = dict(
    type="SelectionHook",
    selector=dict(type="WSSSelector", tau=0.1),
    warmup_epochs=20,
    interval=20,
    budget=0.37,
    dt_epochs=3,
    keep_last_block=True,
)
