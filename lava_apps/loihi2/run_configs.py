"""Choose the ProcessModel of each Process by precision and decomposition."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

from lava_apps.kernel import KernelModel, refuse_fractions
from lava_apps.parameters import validated

from lava.magma.core.model.model import AbstractProcessModel
from lava.magma.core.model.py.model import AbstractPyProcessModel
from lava.magma.core.model.sub.model import AbstractSubProcessModel
from lava.magma.core.process.process import AbstractProcess
from lava.magma.core.run_configs import RunConfig as LavaRunConfig

Precision = Literal["floating_pt", "fixed_pt"]
Model = type[AbstractProcessModel]


class NoModelError(LookupError):
    """No ProcessModel of a Process fits the run configuration."""


class RunConfig(LavaRunConfig):
    """Run configuration for the CPU: a precision, and leaf or decomposition.

    It does what ``Loihi2SimCfg(select_tag=precision)`` is meant to do, without
    the errors that Lava's selection raises for a mixture of leaf models and
    SubProcessModels, and checks each model's limits before anything is started.

    Parameters
    ----------
    precision : {"floating_pt", "fixed_pt"}
        Tag of the ProcessModels to use; a ProcessModel without a tag fits both.
    decompose : bool
        Prefer the SubProcessModel of a Process that has one, i.e. build it from
        Processes of Lava's library as Loihi 2 would need it. Default False.
    exceptions : mapping of Process or Process class to ProcessModel, optional
        Models to be used for these Processes whatever the rules say.

    Raises
    ------
    ParameterError
        For an argument that is not one of these.
    """

    @validated
    def __init__(
        self,
        precision: Precision = "floating_pt",
        *,
        decompose: bool = False,
        exceptions: Mapping[Any, Any] | None = None,
    ) -> None:
        super().__init__()
        self.precision = precision
        self.decompose = decompose
        # Lava's compiler looks this attribute up by Process, `select` by class.
        self.exception_proc_model_map = dict(exceptions or {})

    def select(self, process: AbstractProcess, proc_models: Sequence[Model]) -> Model:
        """Select the ProcessModel of a Process; Lava's compiler calls this.

        Parameters
        ----------
        process : AbstractProcess
            The Process that needs a model.
        proc_models : sequence of type
            All ProcessModels that Lava found for it.

        Returns
        -------
        type
            The ProcessModel to use.

        Raises
        ------
        NoModelError
            When none has the precision asked for.
        ParameterError
            When the one that has it cannot honour the Process' parameters, such
            as fractions for integers, which Lava would cut off without a word.
        """
        model = self.exception_proc_model_map.get(type(process))
        if model is None:
            model = self._preferred(process, proc_models)
        if issubclass(model, KernelModel):
            model.check(process)
        if self.precision == "fixed_pt" and issubclass(model, AbstractPyProcessModel):
            refuse_fractions(process, model)
        return model

    def _preferred(self, process: AbstractProcess, models: Sequence[Model]) -> Model:
        fitting = [m for m in models if not m.tags or self.precision in m.tags]
        leaves = [m for m in fitting if issubclass(m, AbstractPyProcessModel)]
        subs = [m for m in fitting if issubclass(m, AbstractSubProcessModel)]
        ordered = subs + leaves if self.decompose else leaves + subs
        if not ordered:
            known = ", ".join(f"{m.__name__} ({', '.join(m.tags)})" for m in models)
            raise NoModelError(
                f"{type(process).__name__} {process.name!r}: no ProcessModel for "
                f"{self.precision} on a CPU; it has {known}"
            )
        return ordered[0]
