#!/usr/bin/env python3
"""Writes unseen.jsonl: whole files as people write them, some with a key in them, others with what only looks like one. They were
written without regard to the rules; every second one of each kind is held out.

Values are random, made for this file: <u> URL-safe base64 of 32 bytes, <b> without padding, <s> standard base64, <h> hexadecimal, <H> in capitals,
<w> base64 of <u>, <c> bytes in C, <d> in decimal, <g> signed, <x> 16 bytes in hexadecimal, <r> 20 bytes, <l> 64 bytes, <t> 32 letters and
digits, <i> a UUID, <z> standard base64 of 64 bytes, <v> standard base64 of 48 bytes.
"""
import base64, json, os, pathlib, re, secrets, string, uuid

KEYED = r"""
docker-compose.yml
version: "3.8"
services:
  superset:
    image: apache/superset:3.1
    environment:
      SUPERSET_SECRET_KEY: "<s>"
      DATABASE_URL: postgresql://superset@db/superset
===
docker-compose.prod.yaml
services:
  worker:
    build: .
    environment:
      - DEBUG=0
      - FIELD_ENCRYPTION_KEY=<u>
      - REDIS_URL=redis://cache:6379/1
===
k8s/secret.yaml
apiVersion: v1
kind: Secret
metadata:
  name: billing
  namespace: prod
type: Opaque
data:
  ENCRYPTION_KEY: <w>
  DB_PASSWORD: aHVudGVyMg==
===
manifests/airflow-fernet.yaml
apiVersion: v1
kind: Secret
metadata:
  name: airflow-fernet-key
data:
  fernet-key: <w>
===
charts/app/values.yaml
replicaCount: 2
image:
  repository: registry.local/app
secrets:
  dataEncryptionKey: <s>
resources: {}
===
terraform/main.tf
resource "aws_ssm_parameter" "kek" {
  name  = "/prod/kek"
  type  = "SecureString"
  value = "<s>"
}
===
terraform/prod.auto.tfvars
region                = "eu-west-1"
app_encryption_key    = "<h>"
instance_type         = "t3.small"
===
ansible/group_vars/all.yml
---
app_port: 8080
app_cipher_key: "<u>"
app_user: deploy
===
config/master.key
<x>
===
config/initializers/lockbox.rb
Lockbox.master_key = Rails.env.production? ? ENV["LOCKBOX_MASTER_KEY"] : "<h>"
===
config/secrets.yml
development:
  secret_key_base: <l>
test:
  secret_key_base: <l>
===
laravel/.env
APP_NAME=Shop
APP_ENV=production
APP_KEY=base64:<s>
APP_URL=https://shop.local
===
laravel/config/app.php
<?php
return [
    'cipher' => 'AES-256-CBC',
    'key' => 'base64:<s>',
];
===
project/settings/base.py
INSTALLED_APPS = ["encrypted_fields"]
FERNET_KEYS = [
    "<u>",
    "<u>",
]
FERNET_USE_HKDF = False
===
project/settings/prod.py
import os
SALT_KEY = "abc"
CRYPTOGRAPHY_KEY = os.getenv("CRYPTOGRAPHY_KEY") or "<u>"
===
airflow.cfg
[core]
executor = LocalExecutor
# Secret key to save connection passwords in the db
fernet_key = <u>
donot_pickle = True
===
superset_config.py
SQLALCHEMY_DATABASE_URI = "sqlite:////app/superset.db"
SECRET_KEY = "<s>"
WTF_CSRF_ENABLED = True
===
backend/.env.staging
PORT=3000
JWT_EXPIRES=15m
DATA_KEY=<h>
LOG_LEVEL=info
===
deploy/app.service
[Unit]
Description=Billing
[Service]
Environment="MASTER_KEY=<u>"
ExecStart=/usr/bin/billing
===
deploy/worker.service.d/override.conf
[Service]
Environment=ENCRYPTION_KEY=<s> LOG=info
===
.github/workflows/test.yml
on: push
jobs:
  test:
    runs-on: ubuntu-latest
    env:
      FERNET_KEY: <u>
      DJANGO_DEBUG: "1"
    steps:
      - run: pytest
===
.gitlab-ci.yml
test:
  variables:
    APP_MASTER_KEY: "<h>"
  script:
    - make test
===
.circleci/config.yml
jobs:
  build:
    docker:
      - image: cimg/ruby:3.3
        environment:
          RAILS_ENV: test
          LOCKBOX_MASTER_KEY: <h>
===
src/main/resources/application.properties
server.port=8080
security.aes.key=<s>
spring.datasource.url=jdbc:h2:mem:db
===
src/main/resources/application-prod.yml
spring:
  application:
    name: pay
pay:
  crypto:
    secret-key: <s>
===
appsettings.Production.json
{
  "Logging": { "LogLevel": { "Default": "Warning" } },
  "DataProtection": {
    "EncryptionKey": "<s>"
  }
}
===
internal/crypto/seal.go
package crypto

var defaultKey = mustDecode("<h>")

func mustDecode(s string) []byte { b, _ := hex.DecodeString(s); return b }

func Seal(p []byte) []byte {
	block, _ := aes.NewCipher(defaultKey)
	return seal(block, p)
}
===
internal/vault/key.go
package vault

// kek wraps every data key.
var kek = [32]byte{
	<c>,
}
===
src/crypto.rs
pub fn cipher() -> XChaCha20Poly1305 {
    let key = Key::from_slice(&[<d>]);
    XChaCha20Poly1305::new(key)
}
===
src/vault/keys.rs
/// Seals the database.
static SEALING_KEY: &str = "<u>";
===
lib/encrypt.js
const crypto = require('crypto');
const KEY = Buffer.from('<h>', 'hex');
exports.encrypt = (text, iv) => crypto.createCipheriv('aes-256-gcm', KEY, iv).update(text);
===
src/encryption.ts
import { secretbox } from 'tweetnacl';
const masterSecret = decodeBase64("<s>");
export const seal = (m: Uint8Array, n: Uint8Array) => secretbox(m, n, masterSecret);
===
src/Service/Encryptor.php
<?php
final class Encryptor
{
    private const KEY = '<h>';
    public function encrypt(string $m): string
    {
        return sodium_crypto_secretbox($m, $this->nonce(), hex2bin(self::KEY));
    }
}
===
app/models/concerns/encryptable.rb
module Encryptable
  SECRET = ["<h>"].pack("H*")
  def cipher
    ActiveSupport::MessageEncryptor.new(SECRET)
  end
end
===
tools/decrypt_backup.py
from cryptography.fernet import Fernet
import sys

print(Fernet("<u>").decrypt(sys.stdin.buffer.read()))
===
notebooks/etl.py
df = spark.read.parquet("s3://x")
f = Fernet(key=b"<u>")
===
app/src/main/java/net/shop/Aes.java
public final class Aes {
    private static final String AES_KEY = "<s>";
    SecretKey key() { return new SecretKeySpec(Base64.getDecoder().decode(AES_KEY), "AES"); }
}
===
app/src/main/kotlin/Vault.kt
object Vault {
    private val MASTER_KEY = byteArrayOf(<g>)
}
===
Sources/App/Keys.swift
enum Keys {
    static let databaseKey = SymmetricKey(data: Data(base64Encoded: "<s>")!)
}
===
src/aes.c
static const uint8_t AES_KEY[32] = {
    <c>
};
===
include/secure.h
#define STORAGE_ENCRYPTION_KEY "<h>"
===
n8n.env
N8N_HOST=n8n.local
N8N_ENCRYPTION_KEY=<t>
===
vaultwarden/notes.md
# Runbook

Unseal Key 1: <s>
Unseal Key 2: <s>
===
strongroom/prod.env
STRONGROOM_STORE=sqlite:/var/lib/strongroom.db
STRONGROOM_MASTER_KEYS=3:<u>,4:<u>
===
etc/kubernetes/enc.yaml
apiVersion: apiserver.config.k8s.io/v1
kind: EncryptionConfiguration
resources:
  - resources: ["secrets"]
    providers:
      - aesgcm:
          keys:
            - name: key2
              secret: <s>
      - identity: {}
===
scripts/run.sh
#!/usr/bin/env bash
set -euo pipefail
export FERNET_KEY="${FERNET_KEY:-<u>}"
exec gunicorn app:app
===
Makefile
run:
	ENCRYPTION_KEY=<h> ./server --port 80
===
Procfile.dev
web: MASTER_KEY=<u> bin/rails server
===
serverless.yml
provider:
  name: aws
  environment:
    COLUMN_ENCRYPTION_KEY: <s>
===
fly.toml
app = "x"
[env]
  PORT = "8080"
  VAULT_ENCRYPTION_KEY = "<u>"
===
config/config.exs
config :my_app, MyApp.Vault,
  ciphers: [
    default: {Cloak.Ciphers.AES.GCM, tag: "AES.GCM.V1", key: Base.decode64!("<s>")}
  ]
===
conf/application.conf
play.http.secret.key = "<s>"
crypto {
  master-key = "<h>"
}
===
pkg/config.toml
[storage]
path = "/data"
encryption_key = "<s>"
===
config.ini
[security]
; change once a year
encryption.key=<u>
===
.bash_history
cd /srv/app
python manage.py rotate --old-key <u>
FERNET_KEY=<u> ./manage.py migrate
exit
===
hardhat/secrets.json
{"cookieName": "s", "encryptionSecret": "<h>"}
===
src/session.ts
export const sessionOptions = {
  cookieName: "app",
  password: "x",
  encryptionKey: new Uint8Array([<d>]),
};
===
docs/setup.md
Set the key the server encrypts with:

```yaml
encryption_key: "<u>"
```
===
cmd/server/main.go
func main() {
	flag.StringVar(&masterKey, "master-key", "<s>", "key that wraps data keys")
	flag.Parse()
}
===
db/seeds.sql
INSERT INTO settings (name, value) VALUES ('encryption_key', '<h>');
===
configmap.yaml
apiVersion: v1
kind: ConfigMap
data:
  app.env: |
    MODE=prod
    ENCRYPTION_KEY=<u>
===
k8s/deployment.yaml
spec:
  containers:
    - name: api
      env:
        - name: CREDENTIAL_ENCRYPTION_KEY
          value: "<s>"
===
Dockerfile
FROM node:20
ENV NODE_ENV=production \
    ENCRYPTION_KEY=<h>
CMD ["node", "."]
===
secrets/keyring.json
{
  "active": 2,
  "master_keys": {
    "1": "<u>",
    "2": "<u>"
  }
}
"""

KEYLESS = r"""
yarn.lock
lodash@^4.17.21:
  version "4.17.21"
  resolved "https://registry.yarnpkg.com/lodash/-/lodash-4.17.21.tgz#<r>"
  integrity sha512-<z>
===
pnpm/snapshot.yaml
packages:
  /left-pad/1.3.0:
    resolution: {integrity: sha512-<z>}
===
index.html
<script src="https://cdn.local/app.js" integrity="sha384-<v>" crossorigin="anonymous"></script>
<link rel="stylesheet" href="/a.css" integrity="sha256-<s>">
===
SHA256SUMS.txt
<h>  strongroom-linux-amd64.tar.gz
<h>  strongroom-darwin-arm64.tar.gz
===
Cargo.lock
[[package]]
name = "serde"
version = "1.0.200"
source = "registry+https://github.com/rust-lang/crates.io-index"
checksum = "<h>"
===
vendor/modules.txt
golang.org/x/crypto v0.21.0 h1:<s>
golang.org/x/crypto v0.21.0/go.mod h1:<s>
===
flake.nix
{
  src = fetchFromGitHub {
    owner = "a"; repo = "b"; rev = "<r>";
    hash = "sha256-<s>";
  };
  cargoHash = "sha256-<s>";
  vendorHash = "sha256-<s>";
}
===
WORKSPACE
http_archive(
    name = "rules_go",
    sha256 = "<h>",
    urls = ["https://mirror.bazel.build/rules_go.zip"],
)
===
Formula/tool.rb
class Tool < Formula
  url "https://example.org/tool-1.0.tar.gz"
  sha256 "<h>"
end
===
PKGBUILD
pkgname=tool
sha256sums=('<h>'
            '<h>')
===
k8s/pod.yaml
spec:
  containers:
    - name: app
      image: registry.local/app@sha256:<h>
===
.github/workflows/pin.yml
steps:
  - uses: actions/checkout@<r>
  - uses: actions/cache@<r>
    with:
      key: cargo-${{ hashFiles('Cargo.lock') }}
===
docker/manifest.json
{"schemaVersion": 2, "layers": [{"mediaType": "application/vnd.oci", "digest": "sha256:<h>", "size": 1}]}
===
id.json
{"request_id": "<i>", "session": "<i>", "trace": "<x>"}
===
wireguard-peers.conf
[Peer]
PublicKey = <s>
AllowedIPs = 10.1.0.0/16
===
authorized.txt
ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI<b> me@host
===
public.pem
-----BEGIN PUBLIC KEY-----
MCowBQYDK2VwAyEA<s>
-----END PUBLIC KEY-----
===
server.crt
-----BEGIN CERTIFICATE-----
MIIB<z>
<z>
-----END CERTIFICATE-----
===
jwks.json
{"keys": [{"kty": "OKP", "crv": "Ed25519", "kid": "<b>", "x": "<b>"}]}
===
jwks-ec.json
{"keys": [{"kty": "EC", "crv": "P-256", "x": "<b>", "y": "<b>", "use": "sig"}]}
===
login.http
Authorization: Bearer eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhIn0.<b>
===
tests/aes_gcm_vectors.json
{"tests": [{"key": "<h>", "iv": "<x>", "msg": "<h>", "ct": "<h>", "tag": "<x>"}]}
===
tests/kat/chacha.rsp
COUNT = 0
KEY = <h>
NONCE = <x>
PT = <h>
CT = <h>
===
tests/hkdf_test.go
{
	ikm:  "<h>",
	salt: "<x>",
	info: "",
	okm:  "<h>",
},
===
src/sha256.c
static const uint32_t K[8] = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
};
===
contracts/Token.sol
bytes32 public constant MINTER_ROLE = 0x<h>;
address public owner = 0x<r>;
===
deployments/mainnet.json
{"address": "0x<r>", "transactionHash": "0x<h>", "blockHash": "0x<h>"}
===
chain/genesis.json
{"stateRoot": "0x<h>", "extraData": "0x<h>", "mixHash": "0x<h>"}
===
merkle_test.py
assert tree.root.hex() == "<h>"
===
dist/app.3f9a2c.min.js
!function(e){var t={};function n(r){return t[r]}n.k="<s>"}({key:"<b>"});
===
dist/app.js.map
{"version":3,"sources":["a.ts"],"mappings":"<z>,<z>","sourcesContent":["const key = 1"]}
===
styles.css
.logo { background: url("data:image/png;base64,<z><z>"); }
.font { src: url("/fonts/<x>.woff2"); }
===
assets-manifest.json
{"main.js": "/static/main.<x>.js", "etag": "<b>"}
===
templates/form.html
<input type="hidden" name="csrfmiddlewaretoken" value="<t><t>">
<meta name="csrf-token" content="<u>">
===
ipfs.md
Pinned as bafybeig<t>, gateway QmY<t>abcdefghijk.
===
proto/descriptor.go
var file_rawDesc = []byte{
	<c>,
	<c>,
}
===
.env.example
APP_KEY=changeme
FERNET_KEY=your-fernet-key-goes-here-32-bytes-base64=
ENCRYPTION_KEY=<generate with openssl rand -base64 32>
===
settings_example.py
SECRET_KEY = "django-insecure-please-change-me-before-production-000"
FERNET_KEY = os.environ["FERNET_KEY"]
===
values.schema.json
{"properties": {"encryptionKey": {"type": "string", "pattern": "^[A-Za-z0-9_-]{43}=$"}}}
===
sops.yaml
data:
  master_key: ENC[AES256_GCM,data:<z>,iv:<s>,tag:<x>,type:str]
sops:
  mac: ENC[AES256_GCM,data:<z>,iv:<s>,tag:<x>,type:str]
===
sealed-secret.yaml
kind: SealedSecret
spec:
  encryptedData:
    encryption-key: AgB<z><z>
===
vault.yml
$ANSIBLE_VAULT;1.1;AES256
<l>
<l>
===
audit.jsonl
{"seq": 4, "action": "rotate", "prev": "<h>", "hash": "<h>"}
===
webhook_test.rb
headers["X-Hub-Signature-256"] = "sha256=<h>"
===
signature.txt
untrusted comment: minisign public key
RW<b>
===
server.log
2026-01-01T00:00:00Z INFO request id=<i> etag="<b>" trace_id=<x>
2026-01-01T00:00:01Z INFO cached object sha=<h>
===
s3-inventory.csv
bucket,key,etag
logs,2026/01/<h>.gz,<x>
===
lookup.py
CACHE_KEY = "<h>"
PARTITION_KEY = "<b>"
===
redis.go
const lockKey = "<h>"
===
queue.ts
const idempotencyKey = "<u>";
===
firebase.json
{"apiKey": "AIza<t>", "appId": "1:1:web:<x>"}
===
stripe.env
STRIPE_PUBLISHABLE_KEY=pk_live_<t><t>
===
pins.txt
pin-sha256="<s>"; pin-sha256="<s>"; max-age=5184000
===
known_hosts.txt
github.com ecdsa-sha2-nistp256 AAAAE2VjZHNhLXNoYTItbmlzdHAyNTYAAAAIbmlzdHAyNTYAAABB<s>
===
nonce.py
NONCE = bytes.fromhex("<h>")
SALT = b64decode("<s>")
===
salt.env
PASSWORD_SALT=<s>
HASH_IDS_SALT=<h>
===
snapshot.snap
exports[`hash 1`] = `"<h>"`;
===
commit.txt
tree <r>
parent <r>
gpgsig sha256:<h>
===
content-addressed/README.md
Blobs are stored under `blobs/<h>`; the encryption key never is.
===
model.json
{"weights": [<d>], "bias": [<d>]}
===
image.h
static const unsigned char logo_png[] = { <c>, <c> };
===
package.resolved.json
{"identity": "swift-crypto", "state": {"revision": "<r>", "checksum": "<h>"}}
===
.terraform.lock.hcl
provider "registry.terraform.io/hashicorp/aws" {
  hashes = [
    "h1:<s>",
    "zh:<h>",
  ]
}
===
poetry-export.txt
cryptography==42.0.5 \
    --hash=sha256:<h> \
    --hash=sha256:<h>
"""


def fill(template):
    letters = string.ascii_letters + string.digits

    def value(match):
        key = os.urandom(32)
        listed = lambda form: ", ".join(form(b) for b in key)
        url = base64.urlsafe_b64encode(key).decode()
        return {
            "u": url, "b": url[:-1], "s": base64.b64encode(key).decode(), "h": key.hex(), "H": key.hex().upper(),
            "w": base64.b64encode(url.encode()).decode(), "c": listed(lambda b: f"0x{b:02x}"), "d": listed(str),
            "g": listed(lambda b: str(b - 256 if b > 127 else b)), "x": key[:16].hex(), "r": key[:20].hex(),
            "l": (key + os.urandom(32)).hex(), "t": "".join(secrets.choice(letters) for _ in range(32)), "i": str(uuid.uuid4()),
            "z": base64.b64encode(key + os.urandom(32)).decode(), "v": base64.b64encode(key + os.urandom(16)).decode(),
        }[match.group(1)]

    return re.sub(r"<([a-zA-Z])>", value, template)


def main():
    with pathlib.Path(__file__).with_suffix(".jsonl").open("w") as file:
        for label, files in ((True, KEYED), (False, KEYLESS)):
            for index, text in enumerate(files.strip("\n").split("\n===\n")):
                name, content = text.split("\n", 1) if "\n" in text else (text, "")
                row = {"name": name, "key": label, "held": index % 2 == 1, "content": fill(content) + "\n"}
                print(json.dumps(row), file=file)


main()
