"""Good observations, taken cell by cell from the public files that README.md lists."""

import csv
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final, NamedTuple

from observation import Codes, Observation, fits

# the commit dates of the origins: what a list of instruments says, it says as of then
SP500_AS_OF: Final = "2026-08-08"
FINANCEDATABASE_AS_OF: Final = "2026-08-16"

COINBASE_HOURS: Final = 650
BITSTAMP_DAYS: Final = 120
LEAN_MINUTES: Final = 150
YFINANCE_DAYS: Final = 50
YFINANCE_PREVIOUS_VOLUMES: Final = 20
OSLO_LISTINGS: Final = 200
ECB_DAYS: Final = 75
DESCRIBED_FUNDS: Final = 24
BAR_FIELDS: Final = ("PX_OPEN", "PX_HIGH", "PX_LOW", "PX_LAST", "PX_VOLUME")

CRYPTO: Final = ("Curncy", "CRYPTO", "Crypto")
COMMON_STOCK: Final = ("Equity", "Common Stock", "Common Stock")
REIT: Final = ("Equity", "REIT", "REIT")
FUND: Final = ("Equity", "Mutual Fund", "ETP")
GDR: Final = ("Equity", "Depositary Receipt", "GDR")
WARRANT: Final = ("Equity", "Warrant", "Equity WRT")
PREFERENCE: Final = ("Pfd", "Preference", "Preference")
SPOT: Final = ("Curncy", "SPOT", "SPOT")
CROSS: Final = ("Curncy", "CROSS", "CROSS")

# file of yfinance -> symbol, name (the files carry none), class
YFINANCE: Final = {
    "1398-HK-1d-bad-div": ("1398.HK", "Industrial and Commercial Bank of China", COMMON_STOCK),
    "4063-T-1d-bad-div": ("4063.T", "Shin-Etsu Chemical", COMMON_STOCK),
    "ABDP-L-1d-bad-div": ("ABDP.L", "AB Dynamics", COMMON_STOCK),
    "CALM-1d-no-bad-divs": ("CALM", "Cal-Maine Foods", COMMON_STOCK),
    "EWG-1d-no-bad-divs": ("EWG", "iShares MSCI Germany ETF", FUND),
    "IBE-MC-1d-no-bad-divs": ("IBE.MC", "Iberdrola", COMMON_STOCK),
    "KAP-IL-1d-bad-div": ("KAP.IL", "Kazatomprom", GDR),
    "KME-MI-1d-bad-div": ("KME.MI", "KME Group", COMMON_STOCK),
    "REL-L-1d-bad-div": ("REL.L", "RELX", COMMON_STOCK),
    "SCR-TO-1d-bad-div": ("SCR.TO", "Strathcona Resources", COMMON_STOCK),
}
OSLO_FIELDS: Final = {
    "name": "NAME",
    "currency": "CRNCY",
    "isin": "ID_ISIN",
    "cusip": "ID_CUSIP",
    "figi": "ID_BB_GLOBAL",
    "composite_figi": "COMPOSITE_ID_BB_GLOBAL",
    "shareclass_figi": "ID_BB_GLOBAL_SHARE_CLASS_LEVEL",
    "mic": "ID_MIC_PRIM_EXCH",
    "market": "PRIMARY_EXCHANGE_NAME",
    "country": "COUNTRY_FULL_NAME",
    "sector": "GICS_SECTOR_NAME",
    "industry_group": "GICS_INDUSTRY_GROUP_NAME",
    "industry": "GICS_INDUSTRY_NAME",
    "city": "CITY_OF_DOMICILE",
    "website": "COMPANY_WEB_ADDRESS",
    "delisted": "TRADE_STATUS",
}
TORONTO_FIELDS: Final = {
    "name": "NAME",
    "currency": "CRNCY",
    "isin": "ID_ISIN",
    "cusip": "ID_CUSIP",
    "figi": "ID_BB_GLOBAL",
    "delisted": "TRADE_STATUS",
}
FUND_FIELDS: Final = {
    "name": "NAME",
    "currency": "CRNCY",
    "isin": "ID_ISIN",
    "category_group": "FUND_ASSET_CLASS_FOCUS",
    "category": "FUND_STRATEGY",
    "family": "FUND_COMP_NAME",
}


class Series(NamedTuple):
    """What a row is about: source, instrument, and (asset class, sub-asset class, product type)."""

    source: str
    symbol: str
    kind: tuple[str, str, str]


@dataclass
class Collector:
    """Gathers the rows of one file, and the names of the instruments of all files."""

    codes: Codes
    names: dict[str, str]
    rows: list[Observation] = field(default_factory=list)

    def add(self, observed_at: str, series: Series, code: str, value: str) -> None:
        """Take the cell if it says something: not empty, not `N/A`, and of its field's type."""
        if not value.strip() or value == "N/A" or not fits(value, self.codes.field_types[code]):
            return
        asset_class, sub_asset_class, product_type = series.kind
        labels = (asset_class, sub_asset_class, product_type, self.codes.data_classes[code])
        self.rows.append(Observation(observed_at, series.source, series.symbol, *labels, code, value))


Origin = Callable[[Path, Collector], None]


def coinbase_hourly(folder: Path, out: Collector) -> None:
    """Hourly bars of BTC-USD with their turnover, oldest first; the file is newest first under a banner line."""
    out.names["BTC-USD"] = "Bitcoin USD"
    with (folder / "ohlcv_bars" / "Coinbase_BTCUSD_1h.csv").open(encoding="utf-8", newline="") as file:
        next(file)
        bars = list(csv.DictReader(file))[:COINBASE_HOURS]
    columns = dict(zip(("open", "high", "low", "close", "volume_btc"), BAR_FIELDS, strict=True)) | {
        "volume": "TURNOVER"
    }
    series = Series("coinbase_hourly", "BTC-USD", CRYPTO)
    for bar in reversed(bars):
        opened_at = datetime.strptime(bar["date"], "%Y-%m-%d %I-%p").replace(tzinfo=UTC)
        for column, code in columns.items():
            out.add(f"{opened_at:%Y-%m-%d %H:%M:%S}", series, code, bar[column])


def bitstamp_daily(folder: Path, out: Collector) -> None:
    """Daily bars of three coins from one wide file."""
    cells = _read(folder / "ohlcv_bars" / "bitstamp_BTC_ETH_LTC_USD_d.csv")[-BITSTAMP_DAYS:]
    for coin, name in (("BTC", "Bitcoin USD"), ("ETH", "Ethereum USD"), ("LTC", "Litecoin USD")):
        out.names[f"{coin}-USD"] = name
        series = Series("bitstamp_daily", f"{coin}-USD", CRYPTO)
        for day in cells:
            for column, code in zip(("open", "high", "low", "close", "volume"), BAR_FIELDS, strict=True):
                out.add(day[""], series, code, day[f"{coin}:{column}"])


def lean_minute(folder: Path, out: Collector) -> None:
    """Minute bars of two exchanges; headerless, the time is milliseconds since midnight UTC."""
    out.names["BTC-USDT"] = "Bitcoin USDT"
    for stem, source, symbol in (
        ("lean_coinbase_btcusd_minute_trade_20180404", "lean_coinbase_minute", "BTC-USD"),
        ("lean_coinbase_ethusd_minute_trade_20180404", "lean_coinbase_minute", "ETH-USD"),
        ("lean_bybit_btcusdt_minute_trade_20221213", "lean_bybit_minute", "BTC-USDT"),
    ):
        midnight = datetime.strptime(stem[-8:], "%Y%m%d").replace(tzinfo=UTC)
        with (folder / "ohlcv_bars" / f"{stem}.csv").open(encoding="utf-8", newline="") as file:
            bars = list(csv.reader(file))[:LEAN_MINUTES]
        series = Series(source, symbol, CRYPTO)
        for milliseconds, *values in bars:
            opened_at = midnight + timedelta(milliseconds=int(milliseconds))
            for code, value in zip(BAR_FIELDS, values, strict=True):
                out.add(f"{opened_at:%Y-%m-%dT%H:%M:%SZ}", series, code, value)


def yfinance_daily(folder: Path, out: Collector) -> None:
    """Daily bars as Yahoo delivered them, errors in price included, and every dividend of the files."""
    for stem, (symbol, name, kind) in YFINANCE.items():
        out.names.setdefault(symbol, name)
        days = _read(folder / "corp_actions_yfinance" / f"{stem}.csv")
        days.sort(key=lambda day: day["Datetime"])
        series = Series("yfinance_daily", symbol, kind)
        recent = days[-YFINANCE_DAYS:]
        for position, day in enumerate(recent):
            date = day["Datetime"][:10]
            for column, code in zip(("Open", "High", "Low", "Close", "Volume"), BAR_FIELDS, strict=True):
                out.add(date, series, code, day[column])
            if 0 < position <= YFINANCE_PREVIOUS_VOLUMES:
                out.add(date, series, "PX_VOLUME_1D", recent[position - 1]["Volume"])
        for day in days:
            if day["Dividends"] and float(day["Dividends"]):
                date = day["Datetime"][:10]
                out.add(date, series, "DVD_EX_DT", date)
                out.add(date, series, "DVD_SH_LAST", day["Dividends"])


def sp500_constituents(folder: Path, out: Collector) -> None:
    """Name, ticker and GICS words of each member; share classes are written `BRK-B`, as Yahoo does."""
    columns = {
        "Security": "NAME",
        "Symbol": "TICKER",
        "GICS Sector": "GICS_SECTOR_NAME",
        "GICS Sub-Industry": "GICS_SUB_INDUSTRY_NAME",
    }
    for member in _read(folder / "reference_iso_gics" / "sp500_constituents_gics.csv"):
        symbol = member["Symbol"].replace(".", "-")
        out.names.setdefault(symbol, member["Security"])
        kind = REIT if member["GICS Sub-Industry"].endswith(" REITs") else COMMON_STOCK
        for column, code in columns.items():
            out.add(SP500_AS_OF, Series("sp500_constituents", symbol, kind), code, member[column])


def listings_oslo_toronto(folder: Path, out: Collector) -> None:
    """Oslo with all its fields for some, Toronto with a few for all."""
    for exchange, columns, limit in (("OSL", OSLO_FIELDS, OSLO_LISTINGS), ("TOR", TORONTO_FIELDS, None)):
        for listing in _read(folder / "financedatabase_sample" / f"equities_{exchange}.csv")[:limit]:
            kind = _listing_kind(listing["symbol"], listing["name"])
            if kind is None or not listing["name"].strip():
                continue
            out.names.setdefault(listing["symbol"], listing["name"].strip())
            series = Series("financedatabase_equities", listing["symbol"], kind)
            traded = {"delisted": {"True": "N", "False": "Y"}[listing["delisted"]]}
            for column, code in columns.items():
                value = (listing | traded)[column]
                if (kind[2], out.codes.data_classes[code], code, kind[0], kind[1]) in out.codes.combinations:
                    out.add(FINANCEDATABASE_AS_OF, series, code, value)


def etfs(folder: Path, out: Collector) -> None:
    """Funds of NEO and Nasdaq; the first few summaries, some of which run over several lines."""
    funds = [fund for name in ("NEO", "NGM") for fund in _read(folder / "financedatabase_sample" / f"etfs_{name}.csv")]
    several_lines = [fund["symbol"] for fund in funds if "\n" in fund["summary"]][: DESCRIBED_FUNDS // 2]
    one_line = [fund["symbol"] for fund in funds if fund["summary"] and "\n" not in fund["summary"]]
    described = {*several_lines, *one_line[: DESCRIBED_FUNDS // 2]}
    for fund in funds:
        out.names.setdefault(fund["symbol"], fund["name"].strip())
        series = Series("financedatabase_etfs", fund["symbol"], FUND)
        columns = FUND_FIELDS | ({"summary": "CIE_DES"} if fund["symbol"] in described else {})
        for column, code in columns.items():
            out.add(FINANCEDATABASE_AS_OF, series, code, fund[column])


def ecb_euro_rates(folder: Path, out: Collector) -> None:
    """One rate per currency and day, oldest first, and the last day on which each currency has one."""
    days = _read(folder / "ecb_fx" / "eurofxref_2015-01_2026-04.csv")[:ECB_DAYS]
    pairs = {pair["symbol"]: pair["name"] for pair in _read(folder / "financedatabase_sample" / "currencies.csv")}
    currencies = [column for column in days[0] if re.fullmatch(r"[A-Z]{3}", column)]
    last_day: dict[str, str] = {}
    for day in reversed(days):
        for currency in currencies:
            if day[currency] != "N/A":
                symbol = f"EUR{currency}=X"
                out.names[symbol] = pairs[symbol]
                out.add(day["Date"], _pair(symbol), "PX_LAST", day[currency])
                last_day[symbol] = day["Date"]
    for symbol, date in last_day.items():
        out.add(date, _pair(symbol), "LAST_UPDATE_DT", date)


def _pair(symbol: str) -> Series:
    return Series("ecb_euro_rates", symbol, SPOT if symbol == "EURUSD=X" else CROSS)


def _listing_kind(symbol: str, name: str) -> tuple[str, str, str] | None:
    """The class that the symbol's suffix and the name tell; None for debt and rights."""
    suffix = symbol.split(".", maxsplit=1)[0].partition("-")[2]
    if re.match(r"DB|R|WR|WS|PRO", suffix):
        return None
    if suffix.startswith("WT"):
        return WARRANT
    if suffix.startswith("P"):
        return PREFERENCE
    return REIT if re.search(r"\bREIT\b|Real Estate Investment Trust", name) else COMMON_STOCK


def _read(path: Path) -> list[dict[str, str]]:
    return list(_rows(path))


def _rows(path: Path) -> Iterator[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        yield from csv.DictReader(file)
