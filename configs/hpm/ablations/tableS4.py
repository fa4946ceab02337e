"""HPM ablation: blocks and width of both decoders.

Paper:    Wang et al., Hard Patches Mining for Masked Image Modeling, 2023, Table S4, whose other row is
          configs/hpm/vitb_200e.py.
Command:  tools/dist_train.sh configs/hpm/ablations/tableS4.py:ROW 8
Figure:   with each row: ImageNet-1K top-1 of the paper, and how many times as fast as 8 blocks of 512.
Hardware: 8 GPUs of 80 GB at batch 512 each, bf16 (or batch 128 and accumulative_counts=4 on 32 GB).
"""

_base_ = "../vitb_200e.py"


def _depth(blocks):
    return {"model.tasks.reconstruct.decoder.depth": blocks, "model.tasks.predict_loss.decoder.depth": blocks}


def _width(width):
    return {
        "model.neck.width": width,
        "model.tasks.reconstruct.decoder.num_heads": 16,
        "model.tasks.predict_loss.decoder.num_heads": 16,
    }


rows = {
    "depth1": ({"speed-up": 1.94, "fine-tuned": 82.67, "linear": 39.83, "k-NN": 16.83}, _depth(1)),
    "depth2": ({"speed-up": 1.68, "fine-tuned": 82.5, "linear": 46.74, "k-NN": 22.63}, _depth(2)),
    "depth4": ({"speed-up": 1.37, "fine-tuned": 82.75, "linear": 53.95, "k-NN": 33.6}, _depth(4)),
    "depth12": ({"speed-up": 0.76, "fine-tuned": 82.84, "linear": 54.83, "k-NN": 35.93}, _depth(12)),
    "width128": ({"speed-up": 1.31, "fine-tuned": 82.74, "linear": 42.51, "k-NN": 17.67}, _width(128)),
    "width256": ({"speed-up": 1.18, "fine-tuned": 82.8, "linear": 52.39, "k-NN": 29.46}, _width(256)),
    "width1024": ({"speed-up": 0.61, "fine-tuned": 82.81, "linear": 54.01, "k-NN": 36.54}, _width(1024)),
}
