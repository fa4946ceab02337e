"""FastMIM ablation: blocks (b) and width (d) of the decoder. ViT-L/16 at 128 px, HOG, 100 epochs.

Paper:    FastMIM, Table 16.
Command:  tools/dist_train.sh configs/fastmim/ablations/table16_vitl.py:ROW 8
Figure:   with each row: ImageNet-1K top-1 of the paper, fine-tuned.
Hardware: 8 GPUs of 32 GB at batch 256 each, bf16.
"""

_base_ = "../vitl_800e.py"
schedule = dict(epochs=100)


def _decoder(blocks, width):
    return {"model.tasks.reconstruct.decoder.depth": blocks, "model.neck.width": width}


rows = {
    "1b256d": (82.7, _decoder(1, 256)),
    "1b512d": (82.9, _decoder(1, 512)),
    "1b768d": (82.9, _decoder(1, 768)),
    "4b256d": (82.8, _decoder(4, 256)),
    "4b512d": (83.1, _decoder(4, 512)),
    "4b768d": (83.2, _decoder(4, 768)),
    "8b256d": (83.3, _decoder(8, 256)),
    "8b512d": (83.5, _decoder(8, 512)),
    "8b768d": (83.4, _decoder(8, 768)),
}
