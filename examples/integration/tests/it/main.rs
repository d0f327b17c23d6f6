//! Tests of the program, run as a user runs it.
