"""Tables of a database as a system: a row is a record, and an action sets some of its columns.

`SqlConnector` is given to a gate, and the rest says what it may touch. Needs the extra `runtime`.
"""

from gatewright.connectors.systems.sql.connector import SqlConnector
from gatewright.connectors.systems.sql.database import OutcomeUnknown
from gatewright.connectors.systems.sql.objects import Param, SqlAction, SqlObject

__all__ = ["OutcomeUnknown", "Param", "SqlAction", "SqlConnector", "SqlObject"]
