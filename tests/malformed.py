"""Requests that are malformed in one way or another, made from a seed, for whoever must answer them all."""

import gzip
import random
from dataclasses import dataclass
from urllib.parse import urlencode

import brotli
import lz4.frame
import zstandard

from orchestrator.embedded.interface.blocks import BlockEncoder

# fmt: off
CODECS = {"gzip": gzip.compress, "br": brotli.compress, "lz4": lz4.frame.compress, "deflate": bytes, "xz": bytes, "bz2": bytes,
          "zstd": zstandard.compress, "snappy": bytes, "nothing,": bytes}
FORMATS = ("Native", "RowBinary", "RowBinaryWithNamesAndTypes", "Parquet", "ArrowStream", "Arrow", "ORC", "Avro", "MsgPack",
           "BSONEachRow", "JSONEachRow", "JSON", "CSV", "TSV", "Values", "CSVWithNames", "TSKV", "JSONCompactEachRow")
WORDS = ("SELECT", "FROM", "WHERE", "GROUP BY", "INSERT INTO", "VALUES", "FORMAT", "SETTINGS", "WITH", "AS", "JOIN", "LIMIT", "SET",
         "CREATE TABLE", "ALTER TABLE", "EXPLAIN", "USE", "KILL QUERY", "DESCRIBE", "SHOW", "numbers(3)", "odd", "x", "*", "1", "''",
         "`b`", "(", ")", "[", "]", "{", "}", ",", ";", "=", "-", "::", "->", "?", "--", "/*", "*/", "#", "\\", "NULL", "0x", "1e999",
         "{p:UInt8}", "{p", "$a$", "toDate", "CAST", "TSV", "input('a Int8')", "\n", "\0", "é", "'", '"')
ODD = ("", " ", "-1", "1", "true", "abc", "1e99", "9" * 40, "\0", "'", "`", '"', "\\", "\n", "\t", "%", "é", "\udcff", "[", "['", "(1,",
       "{'a':", "..", "a/b", "NaN", "0x10", "1;2", "null", "\r\nX-Evil: 1", "default", "\\N", "\\x", "a" * 5000, "a\tb", "1,2")
NAMES = ("session_id", "session_timeout", "session_check", "close_session", "query_id", "replace_running_query", "role", "user",
         "buffer_size", "wait_end_of_query", "client_protocol_version", "readonly", "database", "default_format", "password",
         "compress", "stacktrace", "param_p", "param_q", "param_", "max_threads", "max_block_size", "limit", "output_format", "param_é",
         "enable_http_compression", "session_timezone", "log_comment", "no_such_setting", "a b", "'", "\0", "")
HEADERS = ("Authorization: Basic ZGVmYXVsdDo=", "Authorization: Basic !!", "Authorization: Bearer x", "Authorization: Basic /w==",
           "X-ClickHouse-User: default", "X-ClickHouse-User: \xff", "X-ClickHouse-Key: \xe9", "X-ClickHouse-Key:", "Authorization:",
           "X-ClickHouse-Database: \xff", "X-ClickHouse-Database: `", "X-ClickHouse-Format: Nothing", "X-ClickHouse-Format: \xe9",
           "X-ClickHouse-Query-Id: \xff", "Origin: http://[", "X-Forwarded-For: \xff", "User-Agent: \xff", "Range: bytes=9-")
BROKEN_LINES = ("GET / HTTP/1.1", "get / http/1.1", "G\0T / HTTP/1.1", " / HTTP/1.1", "GET  HTTP/1.1", "POST POST / HTTP/1.1", "GET /",
                "PRI * HTTP/2.0", "CONNECT a:1 HTTP/1.1", "TRACE / HTTP/1.1", "M" * 9000 + " / HTTP/1.1", "\x16\x03\x01", "OPTIONS * HTTP/1.1",
                "GET http://[ HTTP/1.1", "GET /\0 HTTP/1.1", "GET /é HTTP/1.1", "GET /" + "a" * 70_000 + " HTTP/1.1", "GET / HTTP/9.9",
                "GET /?query=SELECT 1 HTTP/1.1", "HEAD /?" + "&" * 9000 + " HTTP/1.0", "GET / HTTP/1.", "GET\t/ HTTP/1.1", "\xff", "GET / HTTP/0.9")
BROKEN_HEADERS = (b"X-A: \0", b"X\0A: 1", b"X-\xe9: \xff", b"no colon", b" folded: 1", b": no name", b"X-A : 1", b"N" * 70_000 + b": 1",
                  b"X-Long: " + b"a" * 200_000, b"\r\n".join(b"X-%d: 1" % n for n in range(3000)), b"Host: evil", b"Host:", b"Host: [",
                  b"Expect: 200-maybe", b"Connection: Upgrade\r\nUpgrade: h2c", b"Connection: ,\xff", b"X-A: \x01", b"Content-Length: 8",
                  b"Accept-Encoding: " + b"gzip," * 5000, b"Content-Type: \xff", b"Connection: Upgrade\r\nUpgrade: websocket",
                  b"Content-Length: 9", b"Transfer-Encoding: chunked", b"Content-Length: -1")
BROKEN_FRAMINGS = (b"Content-Length: -1", b"Content-Length: +8", b"Content-Length: 0x8", b"Content-Length: " + b"9" * 30, b"X: no length",
                   b"Content-Length: 8, 8", b"Content-Length: 4", b"Content-Length: 5000", b"Content-Length:", b"Content-Length: \xb2",
                   b"Transfer-Encoding: gzip", b"Transfer-Encoding: chunked, chunked", b"Transfer-Encoding: xchunked", b"Transfer-Encoding:",
                   b"Transfer-Encoding: chunked, identity", *[b"Transfer-Encoding: chunked"] * 10)
BROKEN_BODIES = (b"SELECT 1", b"zz\r\n1", b"-1\r\n1", b"F" * 17 + b"\r\n", b"8\r\nSELECT 1", b"0x8\r\n", b"3\r\nSELECT 1\r\n0\r\n\r\n", b"\r\n",
                 b"8\r\nSELECT 1XX0\r\n\r\n", b"8\nSELECT 1\n0\n\n", b"8;" + b"x" * 70_000 + b"\r\nSELECT 1\r\n0\r\n\r\n")
STATEMENTS = (b"SELECT number, toString(number) AS s FROM numbers(10) WHERE s LIKE '%1' ORDER BY number DESC FORMAT JSON -- end",
              b"INSERT INTO odd SETTINGS max_threads = 1 VALUES (1, 'x'), (2, 'y\\'z')", b"INSERT INTO odd FORMAT CSV\n1,\"a\"\n2,b\n",
              b"WITH x AS (SELECT 1 AS a) SELECT a, [1, 2], {'k': 1}, (1, 'a') FROM x SETTINGS max_threads = 1 FORMAT TSVWithNames",
              b"SELECT {p:UInt8}", b"SELECT {q:Array(String)}", b"SELECT {p:Identifier}", b"INSERT INTO odd VALUES ({p:Int8}, '')",
              b"SHOW TABLES LIKE 'o%'", b"SELECT 1 FORMAT Nothing", b"SET max_threads = 1", b"SELECT throwIf(1)")
OPENINGS = ("'", '"', "`", "/*", "/* /* */", "--", "#", "$a$", "$$", "'\\", "'''", "{p:", "{", "x'", "\ufeff'", "“")
UNCLOSED = ("SELECT ", "SELECT 1 ", "INSERT INTO odd VALUES (", "INSERT INTO odd FORMAT ", "", "SELECT 1 FORMAT ", "SET a = ")
BRACKETS = (("(", ")"), ("[", "]"), ("{", "}"), ("(SELECT ", ")"), ("abs(", ")"), ("NOT ", ""), ("-", ""), ("/*", "*/"), ("1+", ""),
            ("CASE WHEN 1 THEN ", " END"), ("'a'||", ""), ("Array(", ")"), ("x -> ", ""), ("1::", ""))
PIECES = (b"%", b"%z", b"%zz", b"%u1234", b"%00", b"%ff%fe", b"=", b"&", b"query=", b"SELECT+1", b"param_x=", b"?", b"&" + b"&a=%" * 3000)
PARTS = (b'name="query"', b'name="param_x"', b'name="t"; filename="f"', b'name="t"; filename="f"\r\nContent-Type: \xff', b'name="\xff"', b"",
         b'name=""; filename=""', b"name", b'name="' + b"a" * 5000 + b'"', b'name="t', b'name="`"; filename')
STRUCTURES = ("a Int8", "a Int8, b String", "", "a", "(((", "x Nothing('", "é", "a Int8) ENGINE = Log --")
BOUNDARIES = ("; boundary=b", "; boundary=b", "; boundary=b", "", '; boundary="', "; boundary=" + "b" * 300)
# fmt: on


@dataclass(frozen=True)
class Case:
    """One request as it goes over the wire; `is_http` when a server must answer it."""

    wire: bytes
    is_http: bool = True
    method: str = "POST"


class Malformed(random.Random):
    """Makes malformed requests, the same ones for the same seed."""

    documents: dict[str, bytes]

    def noise(self, longest: int = 200) -> bytes:
        return self.randbytes(self.randrange(longest))

    def mutated(self, data: bytes) -> bytes:
        changed = bytearray(data)
        for _ in range(self.randint(1, 4)):
            at = self.randrange(len(changed) + 1)
            changed[at : at + self.randrange(3)] = self.noise(4)
        return bytes(changed[: self.randrange(len(changed) + 1)] if self.random() < 0.3 else changed)

    def request(self, body=b"", url=b"", *headers: str, method: str = "POST") -> Case:
        """Well-formed as HTTP, whatever it holds."""
        query = url if isinstance(url, bytes) else urlencode(url, errors="surrogateescape").encode()
        lines = [f"{method} /?".encode() + query + b" HTTP/1.1", b"Host: 127.0.0.1"]
        lines += [*(header.encode("latin-1") for header in headers), b"Content-Length: %d" % len(body), b"", body]
        return Case(b"\r\n".join(lines), method=method)

    def broken_request_line(self) -> Case:
        end = self.choice(("\r\n", "\r\n", "\r\n", "\n", "\r", "\r\r\n", ""))
        return Case(f"{self.choice(BROKEN_LINES)}{end}Host: 127.0.0.1{end}{end}".encode("latin-1"), is_http=False)

    def broken_header(self) -> Case:
        lines = (
            b"POST / HTTP/1.1",
            b"Host: 127.0.0.1",
            b"Content-Length: 8",
            self.choice(BROKEN_HEADERS),
            b"",
            b"SELECT 1",
        )
        return Case(b"\r\n".join(lines), is_http=False)

    def broken_framing(self) -> Case:
        lines = b"POST / HTTP/1.1", b"Host: 127.0.0.1", self.choice(BROKEN_FRAMINGS), b"", self.choice(BROKEN_BODIES)
        return Case(b"\r\n".join(lines), is_http=False)

    def broken_bytes(self) -> Case:
        whole = self.choice((self.parameters, self.headers, self.multipart, self.compression, self.insert_data))().wire
        return Case(
            self.choice((self.noise(600), self.noise() + b"\r\n\r\n", *[self.mutated(whole)] * 3)), is_http=False
        )

    def percent_encoding(self) -> Case:
        return self.request(b"SELECT 1", b"".join(self.choices(PIECES, k=self.randint(1, 12))))

    def parameters(self) -> Case:
        url = [(name, self.choice(ODD)) for name in self.choices(NAMES, k=self.randint(1, 4))]
        return self.request(self.choice(STATEMENTS), url, method=self.choice(("POST", "POST", "GET", "HEAD", "PUT")))

    def headers(self) -> Case:
        url = [("user", self.choice(ODD)), ("password", self.choice(ODD)), ("query", "SELECT 1")][self.randrange(3) :]
        return self.request(b"", url, *self.sample(HEADERS, self.randint(1, 3)), method=self.choice(("POST", "GET")))

    def multipart(self) -> Case:
        part = b"--b\r\nContent-Disposition: form-data; %s\r\n\r\n%s\r\n"
        values = (b"1\t2\n", b"SELECT 1", self.noise(), self.documents["TSV"])
        parts = [part % (self.choice(PARTS), self.choice(values)) for _ in range(self.randint(0, 3))]
        body = b"".join(parts) + self.choice((b"--b--\r\n", b"--b--\r\n", b"--b--", b"", b"--b", b"--c--"))
        url = [
            ("query", "SELECT * FROM t"),
            ("t_structure", self.choice(STRUCTURES)),
            ("t_format", self.choice(FORMATS)),
        ]
        kind = f"Content-Type: multipart/form-data{self.choice(BOUNDARIES)}"
        return self.request(self.choice((body, self.mutated(body))), url[: self.randint(1, 3)], kind)

    def compression(self) -> Case:
        body = self.choice(
            (b"SELECT 1", b"INSERT INTO odd FORMAT TSV\n1\ta\n", b"SELECT '" + b"a" * 100_000 + b"'", b"")
        )
        url, name = [("query", "SELECT 1")] * self.randrange(2), self.choice([*CODECS, *["identity"] * 6])
        if name == "identity":
            blocks = BlockEncoder(self.choice(("lz4", "zstd", "none")))
            body = blocks.encode(body) + blocks.finish()
            url += [("decompress", self.choice(("1", "yes"))), ("compress", "1")]
        body = CODECS.get(name, bytes)(body)
        broken = (
            self.noise(),
            body[: len(body) // 2],
            body + self.noise(),
            body + body[:9],
            self.mutated(body),
            body * 2,
        )
        return self.request(self.choice(broken), url, f"Content-Encoding: {name}")

    def insert_data(self) -> Case:
        name = self.choice(FORMATS)
        document = self.documents[self.choice((name, name, "Native"))]
        data = self.choice((self.noise(2000), self.mutated(document), document[: self.randrange(len(document))]))
        table = self.choice(
            ("odd", "odd", "odd (a)", "odd (x)", "missing", "FUNCTION null('a Int8')", "odd SELECT input('')")
        )
        insert = f"INSERT INTO {table} FORMAT {name}"
        return self.choice((self.request(data, [("query", insert)]), self.request(insert.encode() + b"\n" + data)))

    def words(self) -> Case:
        return self.request(" ".join(self.choices(WORDS, k=self.randint(1, 25))).encode())

    def statements(self) -> Case:
        return self.request(self.mutated(self.choice(STATEMENTS)))

    def nesting(self) -> Case:
        (opening, closing), depth = self.choice(BRACKETS), self.choice((10, 100, 400, 1500, 10_000))
        return self.request(("SELECT " + opening * depth + "1" + closing * self.choice((depth, depth - 1, 0))).encode())

    def unterminated(self) -> Case:
        text = self.choice(UNCLOSED) + self.choice(OPENINGS) + "a" * self.choice((0, 1, 100_000))
        return self.request(text.encode())

    def bytes_as_sql(self) -> Case:
        sql = self.choice((b"", b"SELECT ", b"INSERT INTO odd VALUES ")) + self.noise(400)
        url = urlencode({"query": sql}).encode()
        return self.choice((self.request(sql), self.request(b"", url), self.request(sql, method="GET")))


KINDS = (
    Malformed.percent_encoding, Malformed.parameters, Malformed.headers, Malformed.multipart, Malformed.compression,
    Malformed.insert_data, Malformed.words, Malformed.statements, Malformed.nesting, Malformed.unterminated,
    Malformed.bytes_as_sql, Malformed.broken_request_line, Malformed.broken_header, Malformed.broken_framing,
    Malformed.broken_bytes,
)  # fmt: skip
