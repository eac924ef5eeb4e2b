#!/usr/bin/env python3
"""Writes country.mmdb, the MaxMind database of the tests: pip install mmdb_writer==0.2.7

It was made by a program that shares no code with the one that reads it.
"""

import sys

from mmdb_writer import MMDBWriter
from netaddr import IPSet

COUNTRIES = {
    "DE": ["81.0.0.0/16", "2a01::/32"],
    "FR": ["81.1.0.0/24", "81.1.2.0/23", "2a02:100::/24"],
    "CN": ["1.0.1.0/24"],
}

writer = MMDBWriter(
    6, "Ringfence-Test", languages=["en"], description="which country", ipv4_compatible=True
)
for country, networks in COUNTRIES.items():
    record = {"country": {"iso_code": country}, "continent": {"code": "AS" if country == "CN" else "EU"}}
    writer.insert_network(IPSet(networks), record)
# A record without a country.
writer.insert_network(IPSet(["9.9.9.0/24"]), {"continent": {"code": "NA"}})
writer.to_db_file(sys.argv[1])
