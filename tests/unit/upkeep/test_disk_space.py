"""Too little free space is an error that names the disk; a disk that says nothing of its size is not full."""

import pytest

from orchestrator.exceptions import DiskSpaceError
from orchestrator.warehouse.maintenance.disks import Disk, require_space


def test_a_disk_below_the_share_is_named_with_what_it_has() -> None:
    disks = [Disk("roomy", 50, 100), Disk("full", 1_000_000, 100_000_000)]
    with pytest.raises(
        DiskSpaceError, match=r"full has 1\.0 MB of 100\.0 MB free \(1\.0%\); at least 10% is wanted"
    ) as error:
        require_space(disks, 0.1)
    assert "roomy" not in str(error.value)


@pytest.mark.parametrize("disk", [Disk("just enough", 10, 100), Disk("without a size", 0, 0)])
def test_enough_is_enough(disk: Disk) -> None:
    require_space([disk], 0.1)
