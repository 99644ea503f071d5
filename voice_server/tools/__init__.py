"""Tools of the server: functions in Python that the language model may call.

A user's module needs this package alone: `from voice_server.tools import ToolOutput, tool`.
"""

from voice_server.ports import ToolOutput
from voice_server.tools.declaring import FunctionTool, tool

__all__ = ["FunctionTool", "ToolOutput", "tool"]
