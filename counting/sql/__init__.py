"""Statements of counting that the ORM cannot say: a snapshot, a count, a file of counts, the arithmetic of completing.

A module for each activity. tests/counting/test_arithmetic.py, test_folding.py and test_importing.py compare them with
plain Python.
"""
