"""Pure numerics on sound: no I/O, no clock, no state that is not the caller's."""
