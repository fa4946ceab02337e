"""Every fifth training image of CIFAR-10, 1,000 of each class: for training and as the neighbours of k-NN."""

_base_ = "./cifar10.py"
_every_fifth = dict(indices=list(range(0, 50_000, 5)))
_knn, *_others = _base_._watch_hooks
_knn.train.dataset.update(_every_fifth)
_watch_hooks = [_knn, *_others]
train_dataloader = dict(batch_size=64, dataset=dict(dataset=_every_fifth))
