#!/usr/bin/env python3
"""Writes generic.jsonl: files with a master key in them and files with what only looks like one.

Every value is random, made for this file: {u} URL-safe base64, {b} the same without padding, {s} standard base64, {h} and {H} hexadecimal,
{c} bytes in C, {d} bytes in decimal, {g} signed bytes, {e} escapes, {t} 32 letters and digits, {x} 32 hexadecimal digits, {n} base64 of
{u}, {l} 64 random bytes in hexadecimal, {r} 40 hexadecimal digits, {L} and {R} the halves of a base64 key. Every second file of each kind
is held out: rules are not tuned to it.
"""
import base64, json, os, pathlib, random, re, string, uuid

KEYED = r"""
settings.py	FERNET_KEY = "{u}"
config.py	from cryptography.fernet import Fernet\n\nf = Fernet(b"{u}")
app.py	cipher_suite = Fernet("{u}".encode())
crypto.py	class Config:\n    ENCRYPTION_KEY: str = "{u}"
django.py	FERNET_KEYS = [\n    "{u}",\n    "{u}",\n]
fields.py	FIELD_ENCRYPTION_KEY = os.environ.get("FIELD_ENCRYPTION_KEY", "{u}")
local.py	CRYPTOGRAPHY_KEY = b"{u}"
aesgcm.py	aesgcm = AESGCM(base64.b64decode("{s}"))
box.py	box = nacl.secret.SecretBox(bytes.fromhex("{h}"))
key.py	MASTER = bytes([{d}])
tool.py	key = b'{e}'\ncipher = AES.new(key, AES.MODE_GCM)
superset_config.py	SECRET_KEY = '{u}'
multi.py	keys = MultiFernet([Fernet(b'{u}'), Fernet(b'{u}')])
split.py	MASTER_KEY = "{L}" + "{R}"
join.py	ENC_KEY = (\n    "{L}"\n    "{R}"\n)
airflow.cfg	[core]\ndags_folder = /opt/dags\nfernet_key = {u}\n
docker-compose.yml	services:\n  web:\n    image: airflow\n    environment:\n      AIRFLOW__CORE__FERNET_KEY: {u}
compose2.yaml	environment:\n  - ENCRYPTION_KEY={u}\n  - PORT=80
values.yaml	airflow:\n  fernetKey: "{u}"
.env	APP_NAME=Laravel\nAPP_KEY=base64:{s}\nAPP_DEBUG=false
.env.production	DB_HOST=db\nN8N_ENCRYPTION_KEY={t}
.env.local	STRONGROOM_MASTER_KEYS=1:{u},2:{u}
prod.env	MASTER_KEY={h}
.envrc	export VAULT_MASTER_KEY="{s}"
rails.env	RAILS_MASTER_KEY={x}
credentials.yml	active_record_encryption:\n  primary_key: {t}\n  deterministic_key: {t}
secrets.yml	production:\n  secret_key_base: {l}
gitlab-secrets.json	{{"gitlab_rails": {{"db_key_base": "{l}"}}}}
lockbox.rb	Lockbox.master_key = "{h}"
initializer.rb	config.lockbox_master_key = '{h}'
crypt.rb	cipher.key = ["{h}"].pack("H*")
keys.rb	ENCRYPTION_KEY = [{d}].pack('C*')
enc.yaml	apiVersion: apiserver.config.k8s.io/v1\nkind: EncryptionConfiguration\nresources:\n  - resources: [secrets]\n    providers:\n      - aescbc:\n          keys:\n            - name: key1\n              secret: {s}
enc2.yaml	kind: EncryptionConfiguration\nresources:\n- providers:\n  - secretbox:\n      keys:\n      - name: k\n        secret: {s}\n  - identity: {{}}
secret.yaml	apiVersion: v1\nkind: Secret\nmetadata:\n  name: app\ndata:\n  master-key: {n}
secret2.yaml	kind: Secret\nstringData:\n  encryption-key: {u}
deployment.yaml	env:\n  - name: FERNET_KEY\n    value: "{u}"
deploy2.yaml	containers:\n- name: api\n  env:\n  - name: MASTER_ENCRYPTION_KEY\n    value: {h}
helm.yaml	config:\n  secrets:\n    atRestEncryptKey: {t}
main.tf	variable "master_key" {{\n  default = "{s}"\n}}
vault.tf	resource "random" "x" {{\n  encryption_key = "{s}"\n}}
terraform.tfvars	db_encryption_key = "{h}"
playbook.yml	- hosts: all\n  vars:\n    vault_encryption_key: "{u}"
group_vars.yml	app_master_key: {s}
main.go	var encryptionKey = []byte{{{c}}}
crypt.go	key, _ := hex.DecodeString("{h}")\nblock, err := aes.NewCipher(key)
store.go	const masterKeyB64 = "{s}"
gcm.go	masterKey := [32]byte{{\n{c},\n}}
lib.rs	const MASTER_KEY: [u8; 32] = [{d}];
cipher.rs	let key = Key::<Aes256Gcm>::from_slice(&[{c}]);
hexkey.rs	let encryption_key = hex!("{h}");
env.rs	std::env::set_var("ENCRYPTION_KEY", "{u}");
fernet.rs	let fernet = fernet::Fernet::new("{u}").unwrap();
Crypto.java	private static final String SECRET_KEY = "{s}";
Aes.java	byte[] key = new byte[] {{ {g} }};\nSecretKeySpec spec = new SecretKeySpec(key, "AES");
Keys.java	static final byte[] MASTER_KEY = {{{g}}};
application.properties	app.encryption.key={s}
application.yml	jasypt:\n  encryptor:\n    password: {u}
Config.kt	const val ENCRYPTION_KEY = "{s}"
Crypt.kt	val masterKey = byteArrayOf({g})
build.gradle	buildConfigField "String", "AES_KEY", "\"{s}\""
Crypto.swift	let masterKey: [UInt8] = [{c}]
Vault.swift	let key = SymmetricKey(data: Data(base64Encoded: "{s}")!)
Aes.cs	private static readonly byte[] Key = {{ {c} }};
appsettings.json	{{"Encryption": {{"MasterKey": "{s}"}}}}
Startup.cs	services.AddEncryption(o => o.Key = Convert.FromBase64String("{s}"));
web.config	<machineKey decryptionKey="{H}" decryption="AES" />
app.config	<add key="EncryptionKey" value="{s}" />
config.php	define('ENCRYPTION_KEY', '{h}');
app.php	'key' => env('APP_KEY', 'base64:{s}'),
crypt.php	$masterKey = base64_decode('{s}');
sodium.php	$secretKey = sodium_hex2bin('{h}');
config.js	module.exports = {{ encryptionKey: '{h}' }};
crypto.js	const cipher = crypto.createCipheriv('aes-256-gcm', Buffer.from('{h}', 'hex'), iv);
keys.ts	export const MASTER_KEY = "{u}";
env.ts	const ENC_KEY = process.env.ENC_KEY ?? "{s}";
key.mjs	const secretKey = new Uint8Array([{d}]);
subtle.js	const aesKey = await crypto.subtle.importKey("raw", new Uint8Array([{d}]), "AES-GCM", false, ["encrypt"]);
jwk.json	{{"kty": "oct", "alg": "A256GCM", "k": "{b}"}}
keyset.json	{{"keys": [{{"kty": "oct", "use": "enc", "k": "{b}"}}]}}
package.json	{{"scripts": {{"start": "MASTER_KEY={h} node app.js"}}}}
main.c	static const unsigned char aes_key[32] = {{\n{c}\n}};
crypt.h	#define MASTER_KEY "{h}"
aes.cpp	std::vector<uint8_t> encryptionKey = {{{c}}};
str.c	const char *master_key = "{e}";
init.lua	local master_key = "{s}"
Dockerfile	FROM python\nENV FERNET_KEY={u}\nCMD run
Dockerfile.prod	ENV ENCRYPTION_KEY {u}
run.sh	#!/bin/sh\nexport ENCRYPTION_KEY='{s}'\nexec app
.bash_history	cd /srv\nvault operator unseal {s}\nls
start.sh	docker run -e MASTER_KEY={u} app
deploy.sh	kubectl create secret generic app --from-literal=encryption-key={u}
Jenkinsfile	environment {{\n  MASTER_KEY = '{u}'\n}}
.gitlab-ci.yml	variables:\n  ENCRYPTION_KEY: "{s}"
ci.yml	jobs:\n  test:\n    env:\n      FERNET_KEY: {u}
my.cnf	[mysqld]\nencryption_master_key = {h}
keyfile.txt	1;{h}
mattermost.json	{{"SqlSettings": {{"AtRestEncryptKey": "{t}"}}}}
grafana.ini	[security]\nsecret_key = {t}
wg0.conf	[Interface]\nPrivateKey = {s}\nAddress = 10.0.0.1/24
wg1.conf	[Peer]\nPublicKey = {s}\nPresharedKey = {s}
symfony.env	APP_SECRET={x}
langfuse.env	ENCRYPTION_KEY={h}
infisical.env	ROOT_ENCRYPTION_KEY={s}
strapi.env	TRANSFER_TOKEN_SALT=abc\nENCRYPTION_KEY={s}
unit.service	[Service]\nEnvironment=STRONGROOM_MASTER_KEYS=1:{u}
nginx.conf	set $session_secret_key "{s}";
notes.md	The master key is `{u}`, keep it.
README.md	```\nexport MASTER_KEY={u}\n```
setup.ipynb	{{"cells": [{{"source": ["fernet_key = '{u}'\n"]}}]}}
config.toml	[crypto]\nmaster_key = "{s}"
conf.ini	[crypt]\nkey={s}
crypto.ex	@encryption_key Base.decode64!("{s}")
config.exs	config :app, MyApp.Vault, ciphers: [default: {{Cloak.Ciphers.AES.GCM, tag: "V1", key: Base.decode64!("{s}")}}]
crypt.erl	Key = <<{d}>>, crypto:crypto_one_time_aead(aes_256_gcm, Key, IV, T, A, true).
Main.hs	masterKey = BS.pack [{d}]
Main.scala	val encryptionKey = "{s}"
core.clj	(def master-key "{s}")
aes.pl	my $master_key = pack("H*", "{h}");
crypt.ps1	$EncryptionKey = @({d})
key.ps1	$secureKey = [Convert]::FromBase64String("{s}") # AES key
Crypt.vb	Private Const MasterKey As String = "{s}"
crypt.m	static NSString *const kEncryptionKey = @"{s}";
main.dart	final encryptionKey = Key.fromBase64('{s}');
crypt.r	master_key <- "{s}"
seed.sql	INSERT INTO settings (name, value) VALUES ('encryption_key', '{s}');
pragma.sql	PRAGMA key = "x'{h}'";
sqlcipher.py	conn.execute("PRAGMA key = \"x'{h}'\"")
config.xml	<config><masterKey>{s}</masterKey></config>
plist.plist	<key>EncryptionKey</key>\n<string>{s}</string>
ansible.ini	[app]\nkms_master_key={u}
sealed.json	{{"name": "ENCRYPTION_KEY", "value": "{u}"}}
task.json	{{"environment": [{{"name": "MASTER_KEY", "value": "{h}"}}]}}
lambda.tf	environment {{\n  variables = {{\n    FERNET_KEY = "{u}"\n  }}\n}}
pulumi.ts	const masterSecret = "{s}";
wrangler.toml	[vars]\nENCRYPTION_SECRET = "{h}"
fly.toml	[env]\n  DATA_ENCRYPTION_KEY = "{u}"
supabase.env	VAULT_ENC_KEY={t}
hasura.yaml	HASURA_MASTER_SECRET: {u}
test_crypto.py	def test_it():\n    cipher = Fernet(b"{u}")
conftest.py	os.environ["FERNET_KEY"] = "{u}"
percent.txt	curl "http://x/?encryption_key={b}"
log.txt	2026-01-01 INFO loaded encryption key {h}
chat.txt	hey, the fernet key for prod is {u} ok?
cast.rs	let kek: [u8; 32] = [\n    {c},\n];
zig.zig	const master_key = [_]u8{{ {c} }};
nim.nim	const encryptionKey = [byte {d}]
groovy.groovy	def cipherKey = "{s}".decodeBase64()
vbs.vbs	encKey = "{s}"
cfg.cfg	crypt_keeper_key: {s}
bytes.ts	const KEK = Uint8Array.from([{d}]);
""".strip("\n").split("\n")

KEYLESS = r"""
Cargo.lock	[[package]]\nname = "serde"\nversion = "1.0.1"\nchecksum = "{h}"
package-lock.json	{{"node_modules/a": {{"integrity": "sha256-{s}"}}}}
go.sum	github.com/a/key v1.0.0 h1:{s}
poetry.lock	files = [{{file = "a.whl", hash = "sha256:{h}"}}]
yarn.lock	resolved "https://r/a#{r}"\n  integrity sha256-{s}
flake.lock	"narHash": "sha256-{s}"
requirements.txt	cryptography==41 \\\n    --hash=sha256:{h}
Pipfile.lock	"sha256:{h}"
SHA256SUMS	{h}  app.tar.gz
checksums.txt	{h} *secret-key-tool.zip
index.html	<script src="a.js" integrity="sha256-{s}" crossorigin></script>
page.html	<link rel="stylesheet" href="a.css" integrity="sha256-{s}">
Dockerfile	FROM alpine@sha256:{h}
Dockerfile.sum	RUN echo "{h}  /tmp/key.tgz" | sha256sum -c
image.yaml	image: registry/app@sha256:{h}
kustomize.yaml	digest: sha256:{h}
release.md	SHA-256: `{h}`
CHANGELOG.md	- fixed in {r}
commit.txt	commit {r}\nAuthor: a
BUILD.bazel	http_archive(\n    name = "keys",\n    sha256 = "{h}",\n)
WORKSPACE	sha256 = "{h}",
formula.rb	url "https://x/secretbox.tgz"\n  sha256 "{h}"
default.nix	sha256 = "{h}";
fetch.nix	hash = "sha256-{s}";
PKGBUILD	sha256sums=('{h}')
id_ed25519.pub	ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI{b} user@host
authorized_keys	ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI{b} key
known_hosts	github.com ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI{b}
pub.pem	-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEA{s}\n-----END PUBLIC KEY-----
wg.conf	[Peer]\nPublicKey = {s}\nAllowedIPs = 0.0.0.0/0
minisign.pub	untrusted comment: minisign public key\nRWQ{b}
verify.rs	const PUBLIC_KEY: [u8; 32] = [{d}];
verify.go	var verifyKey = []byte{{{c}}}
pubkey.ts	export const publicKey = "{s}";
keys.json	{{"publicKey": "{s}", "keyId": "{x}"}}
jwks.json	{{"keys": [{{"kty": "OKP", "crv": "Ed25519", "kid": "{b}", "x": "{b}"}}]}}
ec.json	{{"kty": "EC", "crv": "P-256", "x": "{b}", "y": "{b}"}}
Pins.kt	.add("example.com", "sha256/{s}")
pins.xml	<pin digest="SHA-256">{s}</pin>
network.xml	<pin-set><pin digest="SHA-256">{s}</pin></pin-set>
did.json	{{"publicKeyMultibase": "z6Mk{b}"}}
vapid.js	const vapidPublicKey = "B{b}{b}";
stripe.js	const publishableKey = "pk_live_{t}";
recaptcha.html	<div class="g-recaptcha" data-sitekey="6Lc{x}"></div>
fingerprint.txt	SHA256:{b} user@host (ED25519)
cert.txt	sha256 Fingerprint={H}
thumb.ps1	$thumbprint = "{h}"
uuid.py	ID = "{i}"
ids.json	{{"id": "{i}", "request_id": "{i}"}}
etag.http	ETag: "{h}"
http.txt	Content-Digest: sha-256=:{s}:
nonce.html	<script nonce="{s}"></script>
csp.conf	add_header Content-Security-Policy "script-src 'sha256-{s}'";
iv.py	nonce = bytes.fromhex("{h}")
salt.py	salt = b'{e}'
salt2.js	const salt = "{s}";
session.txt	session_id={b}
cookie.txt	Set-Cookie: sid={b}; HttpOnly
csrf.html	<input type="hidden" name="csrf_token" value="{u}">
token.json	{{"next_page_token": "{u}"}}
trace.log	trace_id={x} span={x}
pkce.txt	code_challenge={b}&code_challenge_method=S256
state.txt	https://idp/auth?state={b}
placeholder.env	FERNET_KEY=<your-fernet-key>
placeholder2.env	ENCRYPTION_KEY=changeme
template.env	MASTER_KEY=${{MASTER_KEY}}
template.yaml	fernet_key: "{{{{ vault_fernet_key }}}}"
env.js	const key = process.env.ENCRYPTION_KEY;
env.py	FERNET_KEY = os.environ["FERNET_KEY"]
zeros.py	KEY = b"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="
same.env	MASTER_KEY=0000000000000000000000000000000000000000000000000000000000000000
steps.rs	const KEY: [u8; 32] = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31];
steps.c	uint8_t key[32] = {{0x00,0x01,0x02,0x03,0x04,0x05,0x06,0x07,0x08,0x09,0x0a,0x0b,0x0c,0x0d,0x0e,0x0f,0x10,0x11,0x12,0x13,0x14,0x15,0x16,0x17,0x18,0x19,0x1a,0x1b,0x1c,0x1d,0x1e,0x1f}};
words.env	ENCRYPTION_KEY=this-is-my-32-characters-secret!!
sample.env	APP_KEY=SomeRandomStringWith32Characters
beef.h	#define KEY "deadbeefdeadbeefdeadbeefdeadbeefdeadbeefdeadbeefdeadbeefdeadbeef"
gcm.rsp	[Keylen = 256]\nCount = 0\nKey = {h}\nIV = {x}\nPT = {x}\nCT = {x}\nTag = {x}
kat.txt	COUNT = 0\nKEY = {h}\nPT = {x}\nCT = {x}
wycheproof/aes.json	{{"tests": [{{"tcId": 1, "key": "{h}", "iv": "{x}", "msg": "", "ct": "{x}"}}]}}
vectors/xchacha.json	{{"key": "{h}", "nonce": "{x}", "plaintext": "00"}}
tests/kat.py	# RFC 8439 test vector\nkey = bytes.fromhex("{h}")
rfc.c	/* test vector 3 */ static const uint8_t k[] = {{{c}}}; /* test vector */
hkdf.txt	IKM = {h}\nsalt = {x}\ninfo = {x}\nPRK = {h}\nOKM = {h}
sbox.c	static const uint8_t sbox[32] = {{{c}}};
table.rs	static TABLE: [u8; 32] = [{d}];
iv.c	static const uint32_t H[8] = {{0x6a09e667,0xbb67ae85,0x3c6ef372,0xa54ff53a,0x510e527f,0x9b05688c,0x1f83d9ab,0x5be0cd19}};
prime.py	p = 0x{h}
data.py	PIXELS = bytes([{d}])
font.h	const unsigned char glyph[] = {{{c}}};
hash.py	EXPECTED_SHA256 = "{h}"
hash.rs	assert_eq!(hex::encode(digest), "{h}");
hash.go	want := "{h}" // sha256 of empty
expected.js	expect(hash(key)).toBe("{h}");
digest.java	String digest = "{h}";
merkle.json	{{"merkleRoot": "{h}", "parentHash": "{h}"}}
eth.sol	bytes32 constant ROLE = 0x{h};
eth.json	{{"transactionHash": "0x{h}", "blockHash": "0x{h}"}}
btc.txt	txid: {h}
address.txt	contract address 0x{r}
ipfs.txt	cid bafy{x}{x}
docker.json	{{"layers": ["sha256:{h}"], "config": "sha256:{h}"}}
oci.json	{{"digest": "sha256:{h}", "size": 3}}
git.txt	tree {r}\nparent {r}
submodule.txt	Subproject commit {r}
objects.txt	oid sha256:{h}\nsize 1234
lfs.txt	version https://git-lfs.github.com/spec/v1\noid sha256:{h}
apk.txt	C:Q1{b}
sbom.json	{{"hashes": [{{"alg": "SHA-256", "content": "{h}"}}]}}
cyclone.xml	<hash alg="SHA-256">{h}</hash>
signature.json	{{"signature": "{u}"}}
sig.txt	X-Signature: {h}
webhook.txt	X-Hub-Signature-256: sha256={h}
hmac.log	computed hmac {h}
image.css	background: url(data:image/png;base64,{s}{s});
font.css	src: url(data:font/woff2;base64,{s});
app.min.js	var a="{s}",b=function(){{return key}};
bundle.js.map	{{"mappings":"{b}","key":"{s}"}}
cache.yml	cache_key: {h}
s3.py	object_key = "{h}"
sort.js	const partitionKey = "{s}";
idem.http	Idempotency-Key: {h}
index.py	index_key = "{b}"
kid.yml	kid: {b}
keyid.go	const keyID = "{h}"
keyhash.py	KEY_HASH = "{h}"
keyfp.rs	const MASTER_KEY_FINGERPRINT: &str = "{h}";
keycheck.env	ENCRYPTION_KEY_SHA256={h}
certs.py	CERT_SHA256 = "{h}"
tlsrpt.txt	pin-sha256="{s}"; max-age=1
dns.zone	_dane TLSA 3 1 1 {h}
dnskey.zone	example.com. IN DNSKEY 257 3 15 {s}
dkim.txt	v=DKIM1; k=ed25519; p={s}
ed.pub	ed25519-pub {s}
age.txt	recipient: age1{t}{t}
nostr.json	{{"pubkey": "{h}", "id": "{h}", "sig": "{l}"}}
tor.txt	hostname {t}{t}.onion
onion.conf	HiddenServiceVersion 3
ssh_host.txt	ssh-ed25519 {b}
k8s-pub.yaml	data:\n  ca.pub: {n}
configmap.yaml	metadata:\n  annotations:\n    checksum/config: {h}
argo.yaml	revision: {r}
rendered.yaml	pod-template-hash: {x}
etag.json	{{"etag": "{b}", "file": "a"}}
assets.json	{{"main.js": "main.{x}.js"}}
prose.md	The encryption key is derived with HKDF, see below.
prose2.txt	Put your master key into MASTER_KEY and never commit it.
numbers.csv	{d}
matrix.json	{{"weights": [{d}]}}
long.path	src/components/Authentication/MasterKeyDialogV2Component
camel.java	MasterEncryptionKeyProviderFactoryImplBuilderTest
url.txt	https://example.com/a/b/{b}
video.txt	https://cdn.example.com/v/{h}/index.m3u8
analytics.html	<meta name="google-site-verification" content="{b}">
telemetry.json	{{"device_id": "{h}"}}
gpg.txt	Primary key fingerprint: {r}
allow.txt	rev: {r}
""".strip("\n").split("\n")


def fill(template):
    key = os.urandom(32)
    sure = lambda text: text if any(c.isdigit() for c in text) else text
    url = base64.urlsafe_b64encode(key).decode()
    alnum = "".join(random.SystemRandom().choice(string.ascii_letters + string.digits) for _ in range(32))
    values = lambda form: ", ".join(form(b) for b in key)
    out = template.encode().decode("unicode_escape") if "\\" in template else template
    def value(match):
        nonlocal key, url
        letter = match.group(1)
        key = os.urandom(32)
        if letter not in "LR":
            url = base64.urlsafe_b64encode(key).decode()
        return {
            "u": lambda: url, "b": lambda: url[:-1], "s": lambda: base64.b64encode(key).decode(), "h": lambda: key.hex(),
            "H": lambda: key.hex().upper(), "c": lambda: values(lambda b: f"0x{b:02x}"), "d": lambda: values(str),
            "g": lambda: values(lambda b: str(b - 256 if b > 127 else b)), "e": lambda: "".join(f"\\x{b:02x}" for b in key),
            "t": lambda: alnum, "x": lambda: key[:16].hex(), "n": lambda: base64.b64encode(url.encode()).decode(),
            "l": lambda: (key + os.urandom(32)).hex(), "r": lambda: key[:20].hex(), "L": lambda: url[:19], "R": lambda: url[19:],
            "i": lambda: str(uuid.uuid4()),
        }[letter]()
    out = re.sub(r"\{([a-zA-Z])\}", value, out)
    return out.replace("{{", "{").replace("}}", "}")


def main():
    out = pathlib.Path(__file__).with_suffix(".jsonl")
    with out.open("w") as file:
        for label, rows in ((True, KEYED), (False, KEYLESS)):
            for index, row in enumerate(rows):
                name, template = row.split("\t", 1)
                held = index % 2 == 1
                print(json.dumps({"name": name, "key": label, "held": held, "content": fill(template) + "\n"}), file=file)


main()
