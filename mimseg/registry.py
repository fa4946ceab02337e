"""Child registries of MMEngine's, scope ``mimseg``.

Each registry knows the package that fills it, so a config can name a class before anything imported it.
"""

from mmengine import registry as root

MODELS = root.Registry("model", parent=root.MODELS, scope="mimseg", locations=["mimseg.models"])
DATASETS = root.Registry("dataset", parent=root.DATASETS, scope="mimseg", locations=["mimseg.datasets"])
DATA_SAMPLERS = root.Registry("data sampler", parent=root.DATA_SAMPLERS, scope="mimseg", locations=["mimseg.datasets"])
TRANSFORMS = root.Registry("transform", parent=root.TRANSFORMS, scope="mimseg", locations=["mimseg.datasets"])
HOOKS = root.Registry(
    "hook",
    parent=root.HOOKS,
    scope="mimseg",
    locations=["mimseg.engine", "mimseg.evaluation", "mimseg.visualization", "mimseg.selection"],
)
SELECTORS = root.Registry("selector", scope="mimseg", locations=["mimseg.selection"])
LOOPS = root.Registry("loop", parent=root.LOOPS, scope="mimseg", locations=["mimseg.engine", "mimseg.evaluation"])
RUNNERS = root.Registry("runner", parent=root.RUNNERS, scope="mimseg", locations=["mimseg.engine"])
OPTIM_WRAPPERS = root.Registry("optim wrapper", parent=root.OPTIM_WRAPPERS, scope="mimseg", locations=["mimseg.engine"])
OPTIM_WRAPPER_CONSTRUCTORS = root.Registry(
    "optim wrapper constructor",
    parent=root.OPTIM_WRAPPER_CONSTRUCTORS,
    scope="mimseg",
    locations=["mimseg.engine"],
)
PARAM_SCHEDULERS = root.Registry(
    "parameter scheduler", parent=root.PARAM_SCHEDULERS, scope="mimseg", locations=["mimseg.engine"]
)
OPTIMIZERS = root.Registry("optimizer", parent=root.OPTIMIZERS, scope="mimseg", locations=["mimseg.engine"])
WEIGHT_INITIALIZERS = root.Registry(
    "weight initializer", parent=root.WEIGHT_INITIALIZERS, scope="mimseg", locations=["mimseg.models"]
)
# Empty so far; without them MMEngine warns that it looks for these things outside this scope.
METRICS = root.Registry("metric", parent=root.METRICS, scope="mimseg", locations=["mimseg.evaluation"])
EVALUATOR = root.Registry("evaluator", parent=root.EVALUATOR, scope="mimseg", locations=["mimseg.evaluation"])
VISUALIZERS = root.Registry("visualizer", parent=root.VISUALIZERS, scope="mimseg", locations=["mimseg.visualization"])
VISBACKENDS = root.Registry("vis_backend", parent=root.VISBACKENDS, scope="mimseg", locations=["mimseg.visualization"])
LOG_PROCESSORS = root.Registry("log processor", parent=root.LOG_PROCESSORS, scope="mimseg", locations=["mimseg.engine"])
