"""Every fifth training image of CIFAR-10 with its label, 1,000 of each class; all test images."""

_base_ = "./cifar10_labelled.py"
train_dataloader = dict(batch_size=64, dataset=dict(dataset=dict(indices=list(range(0, 50_000, 5)))))
