"""
Decisions without I/O: no clock, no random numbers, no socket, no event loop.

Everything here is a pure function or a frozen value. The time, random numbers and nonces that a
decision needs are its arguments, so that each one can be tested, and searched, without a loop.
"""
