"""A notebook run by nbclient: `python -m tests.conformance.run_notebook`.

Each line of its input is the source of a cell, as JSON, and each line of its output what the cell
shows. When there are no more cells the kernel is shut down, and the last line is its exit code.
"""

from __future__ import annotations

import json
import sys

from jupyter_client.provisioning.local_provisioner import LocalProvisioner
from nbclient import NotebookClient
from nbformat.v4 import new_code_cell, new_notebook


def main() -> None:
    """Run one cell after another."""
    notebook = new_notebook()  # type: ignore[no-untyped-call]  # nbformat has few types
    client = NotebookClient(notebook, kernel_name="python3", allow_errors=True)
    with client.setup_kernel():
        assert client.km is not None
        provisioner = client.km.provisioner
        assert isinstance(provisioner, LocalProvisioner)
        kernel = provisioner.process  # kept here: the provisioner forgets it when it has ended
        assert kernel is not None
        for line in sys.stdin:
            cell = new_code_cell(json.loads(line))  # type: ignore[no-untyped-call]  # as above
            notebook.cells.append(cell)
            client.execute_cell(cell, len(notebook.cells) - 1)
            print(json.dumps(cell.outputs), flush=True)
    print(json.dumps(kernel.poll()))


if __name__ == "__main__":
    main()
