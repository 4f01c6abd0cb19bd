assert True
exec('pass')
import os
os.chmod('a', 0o777)
host = '0.0.0.0'
password = 'planted'
call(password='planted')
def call(password='planted'): pass
open('/tmp/planted')
try: call()
except Exception: pass
for _ in ():
    try: call()
    except Exception: continue
import requests
requests.get('address')
import flask
app = flask.Flask('name')
app.run(debug=True)
import tarfile
tarfile.open('a').extractall()
import pickle
pickle.loads(b'')
import marshal
marshal.loads(b'')
from Crypto.Hash import MD5
MD5.new()
from Crypto.Cipher import DES
DES.new(b'')
from cryptography.hazmat.primitives.ciphers import modes
modes.ECB()
import tempfile
tempfile.mktemp()
eval('1')
from django.utils.safestring import mark_safe
mark_safe('text')
import urllib.request
urllib.request.urlopen('address')
import random
random.random()
import telnetlib
telnetlib.Telnet('host')
import xml.etree.cElementTree
xml.etree.cElementTree.parse('a')
import xml.etree.ElementTree
xml.etree.ElementTree.parse('a')
import xml.sax.expatreader
xml.sax.expatreader.create_parser()
import xml.dom.expatbuilder
xml.dom.expatbuilder.parse('a')
import xml.sax
xml.sax.parse('a')
import xml.dom.minidom
xml.dom.minidom.parse('a')
import xml.dom.pulldom
xml.dom.pulldom.parse('a')
import ftplib
ftplib.FTP('host')
import ssl
ssl._create_unverified_context()
import hashlib
hashlib.md5(b'')
import telnetlib
import ftplib
import pickle
import subprocess
import xml.etree.ElementTree
import xml.sax
import xml.dom.expatbuilder
import xml.dom.minidom
import xml.dom.pulldom
import xmlrpc.client
from wsgiref.handlers import CGIHandler
import Crypto.Cipher
import pyghmi
requests.get('address', verify=False)
ssl.wrap_socket(ssl_version=ssl.PROTOCOL_SSLv2)
def call(version=ssl.PROTOCOL_SSLv2): pass
ssl.wrap_socket()
from cryptography.hazmat.primitives.asymmetric import rsa
rsa.generate_private_key(65537, 512)
import yaml
yaml.load('text')
import paramiko
client.set_missing_host_key_policy(paramiko.AutoAddPolicy)
from pysnmp.hlapi import CommunityData
CommunityData('public', mpModel=0)
from pysnmp.hlapi import UsmUserData
UsmUserData('name')
paramiko.SSHClient().exec_command('ls')
subprocess.call(command, shell=True)
subprocess.call(command)
call(shell=True)
os.system(command)
os.execl(command)
subprocess.call(['ls'])
query = 'select a from b where c = ' + name
os.system('chmod a *')
Model.objects.extra(select={'a': name}, where=[name], tables=[name])
from django.db.models.expressions import RawSQL
RawSQL('a' + name, ())
import logging.config
logging.config.listen()
# ‮
import torch
torch.load('a')
from transformers import AutoModel
AutoModel.from_pretrained('org/model')
import jinja2
jinja2.Environment()
from mako.template import Template
Template('text')
mark_safe(name)
import markupsafe
markupsafe.Markup('a' + name)
