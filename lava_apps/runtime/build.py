"""Build channels and ProcessModels of an executable, within one OS process."""

from __future__ import annotations

from typing import Any

import numpy as np

from lava_apps.messages import label
from lava_apps.runtime.channels import Channel, ExternalChannel, VarPortChannel
from lava_apps.runtime.errors import BackendError, ShapeError
from lava_apps.runtime.housekeeping import thin_out_log_handlers
from lava_apps.runtime.ports import check_shape, speed_up
from lava_apps.runtime.protocols import AsyncDomain, Commands, LoihiDomain, Responses
from lava_apps.runtime.scheduler import Domain, Scheduler, Worker

from lava.magma.compiler.builders.py_builder import PyProcessBuilder
from lava.magma.compiler.executable import Executable
from lava.magma.core.model.py.model import PyLoihiProcessModel
from lava.magma.core.model.py.ports import PyInPort
from lava.magma.core.process.ports.ports import InPort, create_port_id
from lava.magma.core.process.process import AbstractProcess


class GraphBuilder:
    """What Lava's ``Runtime`` builds in many OS processes, built in this one.

    Parameters
    ----------
    executable : lava.magma.compiler.executable.Executable
        What Lava's compiler made of a graph.
    scheduler : Scheduler
        Who will run it.

    Attributes
    ----------
    channels : list of Channel
        All channels.
    workers : dict of AbstractProcess to Worker
        Each leaf Process and who runs its model.
    vars : dict of int to tuple
        For the id of each Var the model that holds it, and its name there.
    """

    def __init__(self, executable: Executable, scheduler: Scheduler) -> None:
        self._executable, self.scheduler = executable, scheduler
        self.channels: list[Channel] = []
        self.workers: dict[AbstractProcess, Worker] = {}
        self.vars: dict[int, tuple[Any, str]] = {}

    def build(self) -> None:
        """Build all channels and models.

        Raises
        ------
        BackendError
            For a ProcessModel that is not one for the CPU in Python.
        ShapeError
            For a Var or a connection whose shapes do not fit.
        """
        thin_out_log_handlers()
        builders = self._executable.proc_builders
        for process, builder in builders.items():
            if not isinstance(builder, PyProcessBuilder):
                name = builder.proc_model.__name__
                problem = f"{label(process)}: {name} is no ProcessModel in Python"
                raise BackendError(problem)
        var_port_channels = self._build_channels()
        for process, builder in builders.items():
            self._build_external_channels(process, builder)
            self._build_model(process, builder)
        for channel, process, name in var_port_channels:
            channel.owner = self.workers[process]
            channel.port = getattr(channel.owner.model, name)

    def _build_channels(self) -> list[tuple[VarPortChannel, AbstractProcess, str]]:
        served = []
        builders = self._executable.proc_builders
        # In the order in which Processes were made: Lava's compiler walks a set, and
        # floats that arrive at a port would be added in another order each time.
        links = sorted(
            self._executable.channel_builders or (),
            key=lambda link: (link.src_process.id, link.src_port_initializer.name),
        )
        for link in links:
            source, destination = link.src_process, link.dst_process
            out, into = link.src_port_initializer, link.dst_port_initializer
            is_var_port = into.name in builders[destination].var_ports
            channel = (VarPortChannel if is_var_port else Channel)(
                self.scheduler,
                (source, out.name),
                (destination, into.name),
                out.shape,
                out.d_type,
                out.size,
            )
            if isinstance(channel, VarPortChannel):
                served.append((channel, destination, into.name))
            self.channels.append(channel)
            builders[source].set_csp_ports([channel.src_port])
            builders[destination].set_csp_ports([channel.dst_port])
            port_id = create_port_id(source.id, out.name)
            builders[destination].add_csp_port_mapping(port_id, channel.dst_port)
        return served

    def _build_external_channels(self, process: Any, builder: Any) -> None:
        """Build the pipes of Injector and Extractor."""
        for name, initializer in builder.py_ports.items():
            port = getattr(process, name)
            if not port.external_pipe_flag:
                continue
            outside, inside = (None, name), (process, name)
            into_graph = isinstance(port, InPort)
            ends = (outside, inside) if into_graph else (inside, outside)
            channel = ExternalChannel(
                self.scheduler,
                *ends,
                initializer.shape,
                initializer.d_type,
                port.external_pipe_buffer_size,
            )
            self.channels.append(channel)
            # set_csp_ports files a channel's end under its name, the port's.
            if into_graph:
                builder.set_csp_ports([channel.dst_port])
                port.external_pipe_csp_send_port = channel.src_port
            else:
                builder.set_csp_ports([channel.src_port])
                port.external_pipe_csp_recv_port = channel.dst_port

    def _build_model(self, process: AbstractProcess, builder: Any) -> None:
        self._check_vars(process, builder)
        model = builder.build()
        # Lava's Injector joins this in its destructor, and never sets it.
        model.__dict__.setdefault("_p_to_pm_dst_port", Commands(self.scheduler))
        worker = Worker(self.scheduler, process, model)
        is_loihi = isinstance(model, PyLoihiProcessModel)
        domain = self._domain(process, LoihiDomain if is_loihi else AsyncDomain)
        domain.add(worker)
        model.service_to_process = Commands(self.scheduler)
        model.process_to_service = Responses(domain)
        for port in model.py_ports:
            if isinstance(port, PyInPort):
                for end in port.csp_ports:
                    if not isinstance(end.channel, ExternalChannel):
                        check_shape(port, end)
            speed_up(port)
        self.vars |= {i: (model, n) for i, n in model.var_id_to_var_map.items()}
        self.scheduler.workers.append(worker)
        self.workers[process] = worker

    @staticmethod
    def _check_vars(process: AbstractProcess, builder: Any) -> None:
        """Find initial values that do not fit, by name, before numpy does."""
        for name, initializer in builder.vars.items():
            value, shape = initializer.value, tuple(initializer.shape)
            declared = builder._get_lava_type(name).cls
            if not issubclass(declared, np.ndarray):
                continue  # a number, of whatever shape, is taken as it is
            if isinstance(value, (np.ndarray, list, tuple)):
                given = np.shape(value)
                # What is assigned to an array may have more dimensions, of length 1.
                more = max(len(given) - len(shape), 0)
                fitting = given[more:] if set(given[:more]) <= {1} else given
                try:
                    fits = np.broadcast_shapes(fitting, shape) == shape
                except ValueError:
                    fits = False
                if not fits:
                    raise ShapeError(
                        f"{label(process)}.{name}: initial value of shape "
                        f"{given}, the Var has {shape}"
                    )

    def _domain(self, process: AbstractProcess, kind: type[Domain]) -> Domain:
        """Find or make the domain of a Process: one for each of Lava's."""
        place = next(
            n
            for n, sync_domain in enumerate(self._executable.sync_domains)
            if process in sync_domain.processes
        )
        for domain in self.scheduler.domains:
            if getattr(domain, "place", None) == place:
                return domain
        domain = kind(self.scheduler)
        domain.place = place  # type: ignore[attr-defined]
        self.scheduler.domains.append(domain)
        return domain
