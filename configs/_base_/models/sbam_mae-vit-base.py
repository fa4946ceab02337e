"""SBAM on MAE: token salience of the student's own embedding plus uniform noise decides which patches are masked."""

_base_ = "./mae_vit-base.py"
model = dict(
    masking=dict(
        score=dict(type="SalienceScore", positions=True),
        policy=dict(type="NoisyPolicy", amplitude=0.5, _delete_=True),
    ),
)
