"""A small desk that is clean, for tests to spoil."""

from collections.abc import Iterable

from orchestrator.lookups import Finding, check_lookups, mint

HEADER = "product_type,data_class,field,asset_class,sub_asset_class,field_type,field_description\n"
LEDGER_HEADER = "domain,parent_key,key,id\n"
ALIASES_HEADER = "domain,parent_key,alias,key\n"
ROW = "Common Stock,Pricing,PX_LAST,Equity,Common Stock,number,last price\n"
LOOKUPS = (
    HEADER
    + ROW
    + "Financial index future.,Pricing,PX_LAST,Index,Future,number,last price\n"
    + "Physical commodity future.,Pricing,PX_LAST,Comdty,Future,number,last price\n"
    + 'Common Stock,Security Master,NAME,Equity,Common Stock,text,"name, as traded"\n'
)
SOURCES = "source,source_name,source_licence\nyahoo,Yahoo,MIT\n"


def unminted(lookups: str | bytes = LOOKUPS, sources: str | bytes = SOURCES) -> dict[str, bytes]:
    """A desk without ledger."""
    return {"lookups.csv": as_bytes(lookups), "sources.csv": as_bytes(sources)}


def clean_desk(lookups: str | bytes = LOOKUPS, sources: str | bytes = SOURCES) -> dict[str, bytes]:
    """A desk without findings."""
    files = unminted(lookups, sources)
    return {**files, "lookup_ids.csv": mint(files).ledger}


def desk_with_lookups(lookups: str | bytes) -> dict[str, bytes]:
    """The clean desk with another lookups.csv."""
    return {**clean_desk(), "lookups.csv": as_bytes(lookups)}


def desk_with_ledger(ledger: str | bytes) -> dict[str, bytes]:
    """The clean desk with another ledger."""
    return {**clean_desk(), "lookup_ids.csv": as_bytes(ledger)}


def ledger_text() -> str:
    """The ledger of the clean desk."""
    return clean_desk()["lookup_ids.csv"].decode()


def found(files: dict[str, bytes]) -> list[tuple[str, int, str, str]]:
    """(file, line, column, rule) of every finding."""
    return [(finding.file, finding.line, finding.column, str(finding.rule)) for finding in check_lookups(files)]


def only(files: dict[str, bytes]) -> Finding:
    """The one finding."""
    findings = check_lookups(files)
    assert len(findings) == 1, findings
    return findings[0]


def as_bytes(text: str | bytes) -> bytes:
    """UTF-8."""
    return text if isinstance(text, bytes) else text.encode()


def desk_with_aliases(*lines: str, lookups: str = LOOKUPS, ledger: str | None = None) -> dict[str, bytes]:
    """The clean desk with aliases, and other lookups or another ledger."""
    files = desk_with_lookups(lookups)
    files["lookup_aliases.csv"] = (ALIASES_HEADER + "".join(f"{line}\n" for line in lines)).encode()
    return files if ledger is None else {**files, "lookup_ids.csv": ledger.encode()}


def rules_of(findings: Iterable[Finding]) -> list[str]:
    """The rules of the findings, in their order."""
    return [str(finding.rule) for finding in findings]
