"""What can be told of a model before it runs: whether its parts go together, and what they ask for is there."""

from collections.abc import Mapping, Sequence, Set

from .backbones.base import MaskedEncoder
from .decoders import LinearDecoder, Neck
from .masking import MaskGenerator
from .step import EMBEDDING, Need, kind_of
from .tasks import Task
from .teachers import Teacher


def check_parts(encoder: MaskedEncoder, neck: Neck, masking: MaskGenerator, tasks: Mapping[str, Task]) -> None:
    """Refuse an encoder with a neck, masks or scores for another kind.

    Raises:
        ValueError: they do not go together.
    """
    kind, between, policy = (type(part).__name__ for part in (encoder, neck, masking.policy))
    if encoder.sparse and not neck.sparse:
        raise ValueError(
            f"{kind} leaves masked patches out and {between} does not bring them back; "
            "set model.neck=dict(type='MaskTokenNeck', width=...)"
        )
    if neck.sparse and not encoder.sparse:
        raise ValueError(
            f"{kind} gives tokens for all patches, {between} is for encoders that leave masked ones out; "
            "set model.neck=None, or dict(type='ProjectionNeck', width=...)"
        )
    if masking.policy.throws and not encoder.leaves_out:
        raise ValueError(
            f"{policy} throws patches away, which {kind} cannot leave out; use a SparseViT, or a DenseViT with "
            "positions='learned' or 'sincos'"
        )
    check_reads(encoder, neck, tasks)
    for name, task in tasks.items():
        if task.positions == "all" and masking.policy.throws:
            raise ValueError(
                f"task {name!r} predicts all patches but {policy} throws some away; set its positions='masked'"
            )
    if EMBEDDING in masking.needs and not encoder.embeds:
        score = type(masking.score).__name__
        raise ValueError(f"{score} reads embedded patches, which {kind} does not give; use another masking.score")
    if masking.score is not None and encoder.split > 1:
        raise ValueError(
            f"{type(masking.score).__name__} rates tokens, but encoder.mask_size={encoder.patch_size} px hides parts "
            "of them; leave mask_size out, or use a policy without score"
        )


def check_built(
    encoder: MaskedEncoder, masking: MaskGenerator, tasks: Mapping[str, Task], teachers: Mapping[str, Teacher]
) -> None:
    """Refuse what shows only once decoders and teachers are built.

    Raises:
        ValueError: teachers with other patches than the student's, or decoders that read what is thrown away.
    """
    check_patches(encoder, tasks, teachers)
    check_throwing(encoder, masking, tasks)


def check_throwing(encoder: MaskedEncoder, masking: MaskGenerator, tasks: Mapping[str, Task]) -> None:
    """Refuse decoders that would read, among all tokens, those of patches that are thrown away.

    Raises:
        ValueError: there is one.
    """
    if not masking.policy.throws or encoder.sparse:
        return
    for name, task in tasks.items():
        if not isinstance(task.decoder, LinearDecoder):
            raise ValueError(
                f"{type(masking.policy).__name__} throws patches away: {type(encoder).__name__} gives zeros for them, "
                f"which the {type(task.decoder).__name__} of task {name!r} would read; use a LinearDecoder"
            )


def check_reads(encoder: MaskedEncoder, neck: Neck, tasks: Mapping[str, Task]) -> None:
    """Refuse a task that reads tokens which the encoder does not give, and a neck that nothing reads.

    Raises:
        ValueError: there is one.
    """
    own = [name for name, task in tasks.items() if task.reads != "neck"]
    if own and encoder.sparse:
        raise ValueError(
            f"task {own[0]!r} reads the tokens of a {type(encoder).__name__}, which gives none for masked patches; "
            "leave its reads out, so that it reads the neck, or use a dense encoder"
        )
    if tasks and len(own) == len(tasks) and any(True for _ in neck.parameters()):
        raise ValueError(f"no task reads the {type(neck).__name__}; set model.neck=None, or leave the task's reads out")


def check_wiring(
    tasks: Mapping[str, Task], teachers: Mapping[str, Teacher], needs: Set[Need], alternate: Sequence[str] = ()
) -> None:
    """Refuse a need that nothing meets, a teacher that nothing reads, and tasks that cannot take turns.

    Raises:
        ValueError: there is one.
    """
    check_alternate(alternate, tasks)
    for name, what in needs - {EMBEDDING}:
        if name not in teachers:
            raise ValueError(
                f"a score or target asks teacher {name!r} for its {kind_of(what)} but there is no such teacher; "
                f"add model.teachers.{name} (there are: {', '.join(teachers) or 'none'})"
            )
        if kind_of(what) not in teachers[name].provides:
            kind = type(teachers[name]).__name__
            raise ValueError(
                f"teacher {name!r} ({kind}) cannot give {kind_of(what)}; it gives {sorted(teachers[name].provides)}"
            )
    read = {name for name, _ in needs}
    for name in teachers:
        if name not in read:
            raise ValueError(f"no score or target reads teacher {name!r}; remove model.teachers.{name}")
    done: list[str] = []
    for name, task in tasks.items():
        if missing := task.target.needs_loss_of - set(done):
            raise ValueError(
                f"task {name!r} reads the loss of {sorted(missing)}, which must come before it; before it: {done}"
            )
        done.append(name)


def check_alternate(names: Sequence[str], tasks: Mapping[str, Task]) -> None:
    """Refuse tasks that cannot take turns.

    Raises:
        ValueError: fewer than two, a name that is no task's or stands there twice, or a task that another one reads.
    """
    if not names:
        return
    if len(names) < 2 or len(set(names)) < len(names) or not set(names) <= set(tasks):
        raise ValueError(f"model.alternate={tuple(names)} must name two or more of the tasks {', '.join(tasks)}")
    for name, task in tasks.items():
        if missing := task.target.needs_loss_of & set(names):
            raise ValueError(
                f"model.alternate has {min(missing)!r} wait for its turn, but task {name!r} reads its loss in every "
                "step; leave it out"
            )


def check_switch(name: str, on: bool, tasks: Mapping[str, Task], teachers: Mapping[str, Teacher]) -> None:
    """Refuse to switch what is not there, or to switch off what another part needs.

    Raises:
        ValueError: says which.
    """
    if name not in tasks:
        raise ValueError(f"there is no task {name!r} to switch; the tasks are {', '.join(tasks)}")
    if on:
        if missing := [other for other in tasks[name].target.needs_loss_of if not tasks[other].on]:
            raise ValueError(f"task {name!r} reads the loss of {missing[0]!r}, which is off; switch that on before it")
        return
    for other, task in tasks.items():
        if task.on and name in task.target.needs_loss_of:
            raise ValueError(f"task {name!r} cannot be off: task {other!r} reads its loss; switch {other!r} off first")
    for other, teacher in teachers.items():
        if teacher.follows(name):
            raise ValueError(
                f"task {name!r} cannot be off: teacher {other!r} predicts losses with its weights; a selector that "
                "would switch it, like WSSSelector, takes task=None"
            )


def check_patches(encoder: MaskedEncoder, tasks: Mapping[str, Task], teachers: Mapping[str, Teacher]) -> None:
    """Refuse what a teacher with other patches gives as target; scores of finer ones are averaged.

    Raises:
        ValueError: a teacher's patches are not the encoder's.
    """
    for name, task in tasks.items():
        for teacher, _ in task.target.needs:
            size = teachers[teacher].patch_size
            if size is not None and size != encoder.patch_size:
                raise ValueError(
                    f"task {name!r} compares with teacher {teacher!r}, whose patches are {size} px, but the "
                    f"encoder's are {encoder.patch_size} px; use another teacher, or remove the task"
                )
