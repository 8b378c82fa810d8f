"""Makes a ccache of a .kirbi file with impacket: from_kirbi.py IN OUT"""
import sys

from impacket.krb5.ccache import CCache

CCache.loadKirbiFile(sys.argv[1]).saveFile(sys.argv[2])
