"""`videsk-rooms rooms import` and `rooms export`: files of rooms.

import_.py   export.py    the two commands
options.py                their options
sending.py                sends the rows of an import
progress.py  summary.py   what they print
journal.py                the outcomes of an import: its journal, and the results file
rows.py                   the rows of a file: each column's field, each room's external id
table.py                  CSV and JSON Lines as text
files.py                  reads files, and replaces them atomically
"""
