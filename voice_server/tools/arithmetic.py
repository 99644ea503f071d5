"""Arithmetic, read as Python's own syntax and computed node by node: nothing else can be said in it."""

from __future__ import annotations

import ast
import math
import operator
from collections.abc import Callable

Number = int | float

LONGEST = 200
"""Characters: more is no arithmetic that anybody says."""
LARGEST_DIGITS = 1_000
"""A power whose value has more digits is refused before it is computed."""

_BINARY: dict[type[ast.operator], Callable[[Number, Number], Number]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod,
}
_UNARY: dict[type[ast.unaryop], Callable[[Number], Number]] = {ast.UAdd: operator.pos, ast.USub: operator.neg}
_FUNCTIONS: dict[str, Callable[[Number], Number]] = {
    "sqrt": math.sqrt, "abs": abs, "round": round, "sin": math.sin, "cos": math.cos, "tan": math.tan,
    "log": math.log, "log10": math.log10, "exp": math.exp,
}  # fmt: skip
_CONSTANTS = {"pi": math.pi, "e": math.e}
_WRITTEN = str.maketrans({"×": "*", "·": "*", "÷": "/", "−": "-", "^": "**"})


def calculated(expression: str) -> Number:
    """Its value. Raises ValueError, which says what is wrong, for whatever has none."""
    if len(expression) > LONGEST:
        raise ValueError(f"an expression may have {LONGEST} characters")
    try:
        value = _value(ast.parse(expression.strip().translate(_WRITTEN), mode="eval").body)
    except (SyntaxError, RecursionError, MemoryError):  # the last two where it is nested too deeply
        raise ValueError(f"{expression!r} is not arithmetic") from None
    except ZeroDivisionError:
        raise ValueError("it divides by zero") from None
    except OverflowError:
        raise ValueError("the result is too large") from None
    if isinstance(value, float) and not math.isfinite(value):
        raise ValueError("the result is too large")
    return value


def _value(node: ast.expr) -> Number:
    match node:
        case ast.Constant(value=int() | float() as value) if not isinstance(value, bool):
            return value
        case ast.Name(id=name) if name in _CONSTANTS:
            return _CONSTANTS[name]
        case ast.UnaryOp(op=op, operand=operand) if type(op) in _UNARY:
            return _UNARY[type(op)](_value(operand))
        case ast.BinOp(left=left, op=ast.Pow(), right=right):
            return _power(_value(left), _value(right))
        case ast.BinOp(left=left, op=op, right=right) if type(op) in _BINARY:
            return _BINARY[type(op)](_value(left), _value(right))
        case ast.Call(func=ast.Name(id=name), args=[argument], keywords=[]) if name in _FUNCTIONS:
            return _FUNCTIONS[name](_value(argument))
    raise ValueError(f"{ast.unparse(node)!r} is not arithmetic")


def _power(base: Number, exponent: Number) -> Number:
    if base and abs(exponent) * abs(math.log10(abs(base))) > LARGEST_DIGITS:
        raise OverflowError
    result: Number | complex = base**exponent
    if isinstance(result, complex):
        raise ValueError("the root of a negative number is no number here")
    return result


def spoken(value: Number) -> str:
    """The number as a person would say it: no trailing zeros, ten digits at most behind the point."""
    return f"{round(value, 10):.10f}".rstrip("0").rstrip(".") if isinstance(value, float) else str(value)
