"""`videsk-rooms rooms import` and `rooms export`: files of rooms.

import_.py   export.py    the two commands
options.py                their options
sending.py                the rows of an import, sent
progress.py  summary.py   what they print
journal.py                the outcomes of an import: its journal, and the file of results
rows.py                   the rows of a file: the field of each column, the external id of each room
table.py                  CSV and JSON Lines as text
files.py                  reading files, and replacing them as a whole
"""
