"""Networks of lava-dl, read from their files and made to graphs of Lava Processes."""

from lava_apps.netx.build import load_network
from lava_apps.netx.description import open_network
from lava_apps.netx.errors import NetworkError, NetworkWarning

__all__ = ["NetworkError", "NetworkWarning", "load_network", "open_network"]
