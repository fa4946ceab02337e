#!/usr/bin/env bash
# The road from pre-training to detection and segmentation, on embedded data. Run by `make demo-transfer`; the pre-trained
# encoder is that of `make demo` where it is there, and both transfers are always fresh runs.
#   tools/demo_transfer.sh
set -euo pipefail
# shellcheck source=tools/help.sh
source "$(dirname "${BASH_SOURCE[0]}")/help.sh"
takes_no_arguments "$@"
cd "$(dirname "${BASH_SOURCE[0]}")/.."
# A detector's many small operations gain little from more threads, and lose much where loaders want the same cores.
export OMP_NUM_THREADS=${OMP_NUM_THREADS:-1}
python=.venv/bin/python
source=work_dirs/demo
out=work_dirs/demo-transfer

transfer() { # what, config, epoch_<n> or iter_<n>: train, test and draw
    echo "[mimseg] $1, from $encoder"
    "$python" tools/train.py "configs/demo/$2.py" --init "$encoder" --work-dir "$out/$1"
    tools/test.sh "configs/demo/$2.py" "$out/$1/$3.pth" --work-dir "$out/$1"
    for made in "$out/$1/metrics.json" "$out/$1/pictures"; do
        [ -e "$made" ] || { echo "[mimseg] $1 ended without $made: see the log in $out/$1" >&2; exit 1; }
    done
}

echo "[mimseg] drawing scenes with labels into data/scenes_objects, where they are not there yet"
"$python" tools/make_scenes.py data/scenes_objects --train 1000 --val 200 --size 64 --seed 0 --layouts coco ade
encoder=$(ls -t "$source"/epoch_*.pth 2>/dev/null | head -n 1 || true)
if [ -z "$encoder" ]; then
    echo "[mimseg] pre-training HPM on 5000 scenes without labels (ViT-micro, 64 x 64, 4 epochs of 156 steps)"
    "$python" tools/make_scenes.py data/scenes --train 5000 --val 500 --size 64 --seed 0 --layouts imagefolder
    "$python" tools/train.py configs/demo/hpm_vit-micro_scenes.py --work-dir "$source"
    encoder=$(ls -t "$source"/epoch_*.pth | head -n 1)
fi
rm -rf "$out"
transfer detection mask-rcnn_vit-micro_scenes epoch_4
transfer segmentation upernet_vit-micro_scenes iter_800
echo
echo "[mimseg] done. Pictures, the truth on the left and what was found on the right:"
ls "$out"/*/pictures/*.png
"$python" tools/analysis/compare_runs.py "$out/detection" "$out/segmentation" --metric 'test/box/AP*' 'test/mask/AP*' test/mIoU test/aAcc test/mAcc
