"""Adds users to a Samba directory in one transaction, as ldbadd would take hours to: seed.py SMB_CONF SAM_LDB BASE FROM TO"""
import sys

from samba.auth import system_session
from samba.param import LoadParm
from samba.samdb import SamDB

conf, url, base, start, end = sys.argv[1:6]
lp = LoadParm()
lp.load(conf)
db = SamDB(url=url, session_info=system_session(), lp=lp, options=["batch_mode:1"])
db.transaction_start()
if start == "0":
    db.add({"dn": "OU=People,%s" % base, "objectClass": "organizationalUnit"})
for number in range(int(start), int(end)):
    name = "p%05d" % number
    db.add(
        {
            "dn": "CN=%s,OU=People,%s" % (name, base),
            "objectClass": "user",
            "sAMAccountName": name,
            "userPrincipalName": "%s@corp.example.com" % name,
            "displayName": "Person %d" % number,
            "mail": "%s@example.com" % name,
            "userAccountControl": "512",
        }
    )
db.transaction_commit()
