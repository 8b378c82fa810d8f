"""Samba's CLDAP client: asks the domain controller at an address (port 389) who it is.

Arguments: address, DNS name of the domain. Standard output: the NETLOGON answer as JSON.
"""
import json
import sys

from samba.dcerpc import nbt
from samba.net import Net
from samba.param import LoadParm

net = Net(None, lp=LoadParm())
found = net.finddc(address=sys.argv[1], domain=sys.argv[2], flags=nbt.NBT_SERVER_LDAP | nbt.NBT_SERVER_DS)
print(
    json.dumps(
        {
            "flags": found.server_type & 0xFFFFFFFF,
            "domainGuid": str(found.domain_uuid),
            "forestName": found.forest,
            "domainName": found.dns_domain,
            "hostName": found.pdc_dns_name,
            "netbiosDomainName": found.domain_name,
            "netbiosComputerName": found.pdc_name,
            "dcSiteName": found.server_site,
            "clientSiteName": found.client_site,
        }
    )
)
