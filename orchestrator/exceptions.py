"""Everything this package raises on purpose.

TouchstoneError
├── SettingsError                a setting is missing or wrong
├── EngineError                  the embedded engine
│   ├── EngineNotRunningError
│   ├── EngineStartError         it did not come up; names the log
│   ├── EnginePortInUseError     another program listens there
│   ├── EnginePathInUseError     another process owns the data folder; names its pid
│   │   └── EngineFolderLockedError   the same, found by the server itself (embedded/life/owner.py)
│   ├── EnginePathError          the data folder cannot be written
│   ├── EngineUsersError         the users file does not hold, or leaves the door open
│   ├── ExportReadError          what is exported broke off or changed while it was read; another try may help
│   └── QueryError               one request's failure, as ClickHouse words it (embedded/errors.py)
├── BackupError                  a backup cannot be written or restored
├── MigrationError
│   ├── MigrationsMissingError   objects that migrations own are not there
│   └── SchemaDriftError         the live schema is not the one checked in
├── LookupDeskError              seeds/ do not hold together
│   ├── DomainError              dbt_project/domains.yml does not hold
│   ├── LookupFileError          a seed file cannot be read as CSV
│   └── LedgerError              an ID would move, be reused or be missing
├── WriterLockError              another writer mints, or took over meanwhile
├── FeedError
│   ├── UnknownFeedError
│   ├── FeedDeclarationError     dbt_project/feeds.yml does not hold
│   ├── FeedFileError            a feed file cannot be read; names file, line and value
│   └── BucketError              a bucket of feed files cannot be listed or read; names bucket and setting
├── IntegrityError
│   ├── ReconciliationError      landed rows are not all in a fact or in quarantine
│   ├── DictionaryGateError      a dictionary does not hold what its dimension holds
│   ├── ForeignKeyError          a fact refused an ID that a dictionary does not hold (yet)
│   ├── FeedDriftError           live objects of a feed are not as declared
│   ├── SelectionError           no such rows of quarantine, or no note for giving them up
│   ├── DayRangeError            no such days, or none that can be made anew
│   └── TraceError               a row to trace is not named, or not there
├── MaintenanceError             upkeep found something that a person has to look at
│   ├── DiskSpaceError           a disk is nearly full
│   ├── RetentionError           something would remove rows that are kept for ever
│   └── RestoreDrillError        a backup does not give back what it was made of
├── MetricsPushError             a Pushgateway did not take the metrics
├── ExportError
│   ├── UnknownExportError
│   ├── ExportDeclarationError   dbt_project/exports.yml does not hold
│   ├── ExportTypeError          a column or value that a format cannot hold; names the column
│   └── ExportTargetError        a folder, bucket or catalog cannot be reached or written
├── DbtError                     a dbt command failed
├── LineageError                 SQL cannot be read for what its columns are made of
└── AlertError                   a channel did not take an alert
"""


class TouchstoneError(Exception):
    """An error with a culprit and, where one exists, a remedy; both are one sentence."""

    def __init__(self, message: str, remedy: str | None = None) -> None:
        super().__init__(message if remedy is None else f"{message} {remedy}")
        self.message = message
        self.remedy = remedy


class SettingsError(TouchstoneError):
    """A setting is missing or wrong."""


class EngineError(TouchstoneError):
    """The embedded engine could not do what was asked."""


class EngineNotRunningError(EngineError):
    """No embedded engine is running for this TOUCHSTONE_HOME."""


class EngineUsersError(EngineError):
    """The users file cannot be understood, or an engine beyond loopback has a user without a password."""


class EngineStartError(EngineError):
    """The embedded engine did not come up."""


class EnginePortInUseError(EngineError):
    """Another program listens on the wanted port."""


class EnginePathInUseError(EngineError):
    """Another process owns the data folder."""


class EnginePathError(EngineError):
    """The data folder cannot be created or written."""


class ExportReadError(EngineError):
    """What is exported could not be read as it was counted."""


class BackupError(TouchstoneError):
    """A backup cannot be written, found or restored."""


class MigrationError(TouchstoneError):
    """A migration could not be applied, rolled back or compared."""


class MigrationsMissingError(MigrationError):
    """Objects that migrations own are not in the database."""


class SchemaDriftError(MigrationError):
    """The live schema is not the one checked in."""


class LookupDeskError(TouchstoneError):
    """The files of the lookup desk do not hold together."""


class DomainError(LookupDeskError):
    """A domain's declaration does not hold."""


class LookupFileError(LookupDeskError):
    """A seed file cannot be read."""


class LedgerError(LookupDeskError):
    """An ID would move, be used twice or be missing."""


class WriterLockError(TouchstoneError):
    """The lock of the warehouse's single writer is somebody else's."""


class FeedError(TouchstoneError):
    """A feed could not be landed."""


class UnknownFeedError(FeedError):
    """No feed has this name."""


class FeedDeclarationError(FeedError):
    """A feed's declaration does not hold."""


class FeedFileError(FeedError):
    """A feed file cannot be read."""


class BucketError(FeedError):
    """A bucket in which feed files arrive cannot be listed, or an object of it cannot be fetched."""


class IntegrityError(TouchstoneError):
    """Something in the warehouse points at nothing, or is nowhere."""


class ReconciliationError(IntegrityError):
    """Landed rows are not all in exactly one place."""


class DictionaryGateError(IntegrityError):
    """A dictionary cannot be proven to hold what its dimension holds."""


class ForeignKeyError(IntegrityError):
    """A fact refused rows, as an ID of theirs is in no dictionary of IDs."""


class FeedDriftError(IntegrityError):
    """The live objects of a feed are not what its declaration says."""


class SelectionError(IntegrityError):
    """What was asked of quarantine cannot be done with those rows."""


class DayRangeError(IntegrityError):
    """A range of days cannot be meant, or what was named is not made by the day."""


class TraceError(IntegrityError):
    """A row to trace is not named as rows are, or is not there."""


class MaintenanceError(TouchstoneError):
    """Upkeep found something that a person has to look at."""


class DiskSpaceError(MaintenanceError):
    """Too little of a disk is free."""


class RetentionError(MaintenanceError):
    """Something would remove rows that are kept for ever."""


class RestoreDrillError(MaintenanceError):
    """A backup does not give back what it was made of."""


class MetricsPushError(TouchstoneError):
    """Metrics could not be pushed."""


class ExportError(TouchstoneError):
    """Something could not be exported."""


class UnknownExportError(ExportError):
    """No export has this name."""


class ExportDeclarationError(ExportError):
    """An export's declaration does not hold, or does not allow what was asked."""


class ExportTypeError(ExportError):
    """A column or a value has no place in the format."""


class ExportTargetError(ExportError):
    """The place of the exports cannot be reached or written."""


class DbtError(TouchstoneError):
    """A dbt command failed."""


class LineageError(TouchstoneError):
    """SQL cannot be read for what its columns are made of."""


class AlertError(TouchstoneError):
    """A channel did not take an alert."""
