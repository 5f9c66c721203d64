"""`videsk-rooms rooms import` and `rooms export`: files of rooms.

    importing.py   exporting.py       what the two commands do
    calling.py                        a row of a file: the calls that it takes
    progress.py                       how far they have come, and how fast
    summary.py                        what an import came to
    record.py                         the file of results, and the journal that it is made of
    results.py                        what became of a row, and which rows are left to do
    rows.py                           the rows of a file, each with a name for its room
    columns.py                        which column is which field
    tables.py                         CSV and JSON Lines
    streams.py                        files read, and files that are there in full or not at all

From rows.py on down to tables.py, and in results.py, nothing is read or written.
"""
