"""Every failure a person may read.

    PublisherError                  has a Problem: what, where, what the public sees, what to do
    ├── UsageError         exit 2   the command line asks for something that is not there
    ├── SettingsError      exit 2   publisher.toml: key, line, nearest known key
    ├── Unreadable                  one file of the drop folder cannot be read: it is rejected, the rest goes on
    ├── SiteError          exit 1   the site could not be written; it stands as it was
    │   ├── Busy           exit 1   another publisher works on the same state
    │   └── NoContent      exit 1   the drop folder cannot be looked at
    ├── BackupError        exit 1   the backup could not be made or opened; the site stands as it was
    └── MirrorError        exit 4   one mirror
        ├── MirrorUnavailable       worth trying again: time-outs, 5xx, lost lines
        └── MirrorRefused           not worth trying again as it is: credentials, missing bucket
"""

from __future__ import annotations

from publisher.model import Problem


class PublisherError(Exception):
    """A failure with words for a person. Raise the subclasses."""

    exit_code = 1

    def __init__(self, problem: Problem) -> None:
        super().__init__(str(problem))
        self.problem = problem


class UsageError(PublisherError):
    exit_code = 2


class SettingsError(PublisherError):
    exit_code = 2


class Unreadable(PublisherError):
    """One file cannot be read. Never ends a run: the file is rejected and its last good version stands."""

    exit_code = 3


class SiteError(PublisherError):
    """The site could not be written. What stood before still stands."""


class Busy(SiteError):
    """Another process holds the state."""


class NoContent(SiteError):
    """The drop folder cannot be looked at: nothing is known of what stands in it."""


class BackupError(PublisherError):
    """The backup, its key or the lease. What is published stands."""


class MirrorError(PublisherError):
    exit_code = 4


class MirrorUnavailable(MirrorError):
    """The mirror did not answer, or answered that it cannot now. Trying again later is right."""


class MirrorRefused(MirrorError):
    """The mirror understood and refused. Trying again without a change by a person is useless."""
