#!/usr/bin/env bash
# The road from pre-training to detection and segmentation, on embedded data. Run by `make demo-transfer`; the pre-trained
# encoder is that of `make demo` where it is there, and both transfers are always fresh runs, in their configs' work folders.
#   tools/demo_transfer.sh
set -euo pipefail
# shellcheck source=tools/help.sh
source "$(dirname "${BASH_SOURCE[0]}")/help.sh"
takes_no_arguments "$@"
# shellcheck source=tools/demo_runs.sh
source "$(dirname "${BASH_SOURCE[0]}")/demo_runs.sh"
# A detector's many small operations gain little from more threads, and lose much where loaders want the same cores.
export OMP_NUM_THREADS=${OMP_NUM_THREADS:-1}
source=work_dirs/demo/hpm_vit-micro_scenes
out=work_dirs/demo

transfer() { # what, config, epoch_<n> or iter_<n>: train, test and draw
    echo "[mimseg] $1, from $encoder"
    train_anew "$out/$2" "configs/demo/$2.py" --init "$encoder"
    tools/test.sh "configs/demo/$2.py" "$out/$2/$3.pth"
    check_made "$out/$2" "$1"
}

newest_encoder() { ls -t "$source"/epoch_*.pth 2>/dev/null | head -n 1 || true; }

echo "[mimseg] drawing scenes with labels into data/scenes_objects, where they are not there yet"
"$python" tools/make_scenes.py data/scenes_objects --train 1000 --val 200 --size 64 --seed 0 --layouts coco ade
encoder=$(newest_encoder)
if [ -z "$encoder" ]; then
    echo "[mimseg] pre-training HPM on 5000 scenes without labels (ViT-micro, 64 x 64, 4 epochs of 156 steps)"
    "$python" tools/make_scenes.py data/scenes --train 5000 --val 500 --size 64 --seed 0 --layouts imagefolder
    train_anew "$source" configs/demo/hpm_vit-micro_scenes.py
    encoder=$(newest_encoder)
fi
transfer detection mask-rcnn_vit-micro_scenes epoch_4
transfer segmentation upernet_vit-micro_scenes iter_800
echo
echo "[mimseg] done. Pictures, the truth on the left and what was found on the right:"
ls "$out"/{mask-rcnn,upernet}_vit-micro_scenes/pictures/*.png
"$python" tools/analysis/compare_runs.py "$out"/{mask-rcnn,upernet}_vit-micro_scenes --metric 'test/box/AP*' 'test/mask/AP*' test/mIoU test/aAcc test/mAcc
