"""What a Process of this package promises, as tests for anyone's Process.

Needs the extra ``testing``. See :mod:`lava_apps.testing.checks`, and
``docs/adding-a-process.md`` for an example.
"""

from lava_apps.testing.checks import CHECKS, Case, ContractError, contract

__all__ = ["CHECKS", "Case", "ContractError", "contract"]
