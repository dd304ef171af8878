#!/usr/bin/env python3
"""Writes ecosystems.jsonl: pieces of files from many ecosystems, some with a master key in them, others with what only looks like one. One
row is a file: its path, a tab, its content with `\\n` for line breaks. Every second row of each kind is held out: rules are not tuned to it.

Values are random, made for this file: <u> URL-safe base64 of 32 bytes, <b> without padding, <s> standard base64, <h> hexadecimal, <H> in capitals,
<w> base64 of <u>, <c> bytes in C, <d> in decimal, <g> signed, <e> escapes, <x> 16 bytes in hexadecimal, <r> 20 bytes, <l> 64 bytes, <t> 32
letters and digits, <i> a UUID, <z> standard base64 of 64 bytes, <m> 24 bytes in hexadecimal, <n> a decimal number of 256 bits.
"""
import base64, json, os, pathlib, re, secrets, string, uuid

KEYED = r"""
infra/variables.tf	variable "session_encryption_key" {\n  type        = string\n  description = "Encrypts sessions"\n  sensitive   = true\n  default     = "<h>"\n}
infra/locals.tf	locals {\n  crypto = {\n    algorithm = "AES-256-GCM"\n    key       = "<s>"\n  }\n}
infra/secret.tf	resource "google_secret_manager_secret_version" "master_key" {\n  secret      = google_secret_manager_secret.mk.id\n  secret_data = "<u>"\n}
infra/kv.tf	resource "azurerm_key_vault_secret" "dek" {\n  name         = "data-encryption-key"\n  value        = "<s>"\n  key_vault_id = var.kv\n}
pulumi/index.ts	const masterKey = new aws.ssm.Parameter("master-key", {\n  type: "SecureString",\n  value: "<s>",\n});
pulumi/Pulumi.prod.yaml	config:\n  aws:region: eu-west-1\n  api:encryptionKey: <u>
cdk/stack.py	ssm.StringParameter(self, "FernetKey", parameter_name="/prod/fernet-key", string_value="<u>")
bicep/main.bicep	param encryptionKey string = '<s>'
ansible/roles/api/defaults/main.yml	---\napi_port: 8000\napi_fernet_key: "<u>"
ansible/inventory.ini	[api:vars]\nansible_user=deploy\nmaster_key=<h>
salt/pillar/api.sls	api:\n  encryption:\n    key: <s>\n    algorithm: aes-256-gcm
puppet/hieradata/prod.yaml	profile::api::encryption_key: '<h>'
chef/attributes/default.rb	default['api']['encryption_key'] = '<h>'
nomad/api.nomad	env {\n  PORT = "8080"\n  VAULT_ENCRYPTION_KEY = "<s>"\n}
consul/config.hcl	datacenter = "dc1"\nencrypt = "<s>"
nix/api.nix	services.api.environment = {\n  ENCRYPTION_KEY = "<h>";\n};
Dockerfile	FROM python:3.12\nENV FERNET_KEY=<u>\nCMD ["api"]
Dockerfile.prod	FROM rust\nARG MASTER_KEY=<h>\nRUN cargo build
docker/run.sh	docker run -d -e ENCRYPTION_KEY=<h> -p 80:80 acme/api
fly.toml	app = "api"\n[env]\n  MASTER_KEY = "<s>"\n  PORT = "8080"
render.yaml	envVars:\n  - key: ENCRYPTION_KEY\n    value: <h>
vercel.json	{"env": {"ENCRYPTION_KEY": "<s>", "NODE_ENV": "production"}}
netlify.toml	[build.environment]\n  SESSION_SECRET_KEY = "<h>"
app.yaml	runtime: python312\nenv_variables:\n  DJANGO_SECRET_KEY: "<u>"\n  FERNET: "<u>"
serverless.yml	provider:\n  environment:\n    STAGE: prod\n    DATA_KEY: <s>
.github/workflows/test.yml	jobs:\n  test:\n    env:\n      RAILS_MASTER_KEY: <x>\n    steps:\n      - run: rake
.gitlab-ci.yml	variables:\n  FERNET_KEY: "<u>"\ntest:\n  script: pytest
.circleci/config.yml	jobs:\n  t:\n    environment:\n      ENCRYPTION_KEY: <h>
Jenkinsfile	environment {\n  MASTER_KEY = '<s>'\n}
k8s/deploy.yaml	env:\n- name: APP_ENCRYPTION_KEY\n  # set by hand for now\n  value: "<s>"
k8s/configmap.yaml	kind: ConfigMap\ndata:\n  settings.ini: |\n    [crypto]\n    key = <s>
k8s/kustomization.yaml	secretGenerator:\n- name: api\n  literals:\n  - MASTER_KEY=<h>
k8s/create.sh	kubectl create secret generic api --from-literal=fernet-key=<u>
helm/values-prod.yaml	crypto:\n  enabled: true\n  keys:\n    current: <s>\n    previous: <s>
.envrc.local	export FIELD_KEY=<h>\nexport CRYPT_KEY=<s>
config/dev.env	SECRET_KEY='<t>'\nDEBUG=1
config/prod.ini	[security]\nencryption_key: <h>
config/settings.toml	[default]\ndebug = true\n\n[default.crypto]\nmaster = "<u>"
config/api.json5	{\n  // rotate yearly\n  masterKey: '<s>',\n}
config/keys.json	{"keys": [{"version": 1, "material": "<s>"}, {"version": 2, "material": "<s>"}], "purpose": "encryption"}
config/keyset.json	{"primaryKeyId": 1, "key": [{"keyData": {"typeUrl": "type.googleapis.com/google.crypto.tink.AesGcmKey", "value": "<s>"}}]}
config/jwk.json	{"kty": "oct", "alg": "A256GCM", "k": "<b>"}
config/secrets.edn	{:port 3000\n :encryption-key "<h>"}
config/runtime.exs	config :api, Api.Vault,\n  ciphers: [default: {Cloak.Ciphers.AES.GCM, tag: "V1", key: Base.decode64!("<s>")}]
config/config.exs	config :api, ApiWeb.Endpoint, secret_key_base: "<z>"
config/master.key	<x>
config/encryption.key	<s>
secrets/fernet	<u>
secrets/master_key.txt	<h>
keys/prod.txt	<s>
src/crypto.py	from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305\nbox = ChaCha20Poly1305(bytes.fromhex('<h>'))
src/tokens.py	def sign(data):\n    return hmac.new(b"<t>", data, hashlib.sha256).digest()
src/mac.py	mac = hmac.HMAC(base64.b64decode("<s>"), hashes.SHA256())
src/cipher.py	def encrypt(m, key=bytes.fromhex("<h>")):\n    return AESSIV(key).encrypt(m, None)
src/kms.py	KEYS = {\n    "v1": "<u>",\n    "v2": "<u>",\n}\nfernet = MultiFernet([Fernet(k) for k in KEYS.values()])
src/flaskapp.py	app = Flask(__name__)\napp.secret_key = "<h>"
src/fastapi_users.py	SECRET = "<h>"\nbearer = BearerTransport(tokenUrl="auth/jwt/login")
src/itsdanger.py	s = URLSafeTimedSerializer("<h>")
src/jose.py	token = jwt.encode({"sub": "1"}, "<h>", algorithm="HS256")
src/dec.py	claims = jwt.decode(token, "<h>", algorithms=["HS256"])
src/peewee.py	db = SqlCipherDatabase("app.db", passphrase="<h>")
src/pragma.sql	PRAGMA key = "x'<h>'";
src/pg.sql	SELECT pgp_sym_encrypt(ssn, '<h>') FROM people;
src/my.sql	INSERT INTO t VALUES (AES_ENCRYPT('x', UNHEX('<h>')));
src/seed.sql	INSERT INTO settings (name, value) VALUES ('encryption_key', '<s>');
src/crypt.js	const cipher = crypto.createCipheriv('aes-256-gcm', Buffer.from('<s>', 'base64'), iv);
src/hmac.js	const mac = crypto.createHmac('sha256', '<h>').update(body).digest('hex');
src/sodium.js	const c = sodium.crypto_secretbox_easy(m, n, sodium.from_base64('<s>'));
src/subtle.js	const bytes = hexToBytes("<h>");\nconst k = await subtle.importKey("raw", bytes, { name: "AES-GCM" }, false, ["encrypt"]);
src/session.js	app.use(cookieSession({ name: 's', keys: ['<h>', '<h>'] }))
src/strapi.js	module.exports = ({ env }) => ({ app: { keys: ["<s>", "<s>"] } });
src/jwt.ts	const token = jwt.sign({ id: 1 }, '<h>', { expiresIn: '1h' });
src/verify.ts	const payload = jwt.verify(token, "<t>");
src/iron.ts	const sealed = await Iron.seal(obj, '<s>', Iron.defaults);
src/next.ts	export const config = { encryption: { secret: "<s>" } };
src/cryptojs.ts	CryptoJS.AES.decrypt(text, CryptoJS.enc.Hex.parse("<h>"), { iv });
src/env.ts	const key = process.env.ENCRYPTION_KEY ?? "<s>";
src/prisma.ts	fieldEncryptionExtension({ encryptionKey: 'k1.aesgcm256.<s>' })
src/typeorm.ts	new EncryptionTransformer({ key: '<h>', algorithm: 'aes-256-gcm', ivLength: 16 })
src/deno.ts	Deno.env.set("COOKIE_KEY", "<h>");
src/crypt.go	mac := hmac.New(sha256.New, []byte("<h>"))
src/store.go	var store = sessions.NewCookieStore([]byte("<h>"), []byte("<h>"))
src/sc.go	var hashKey, blockKey = []byte("<t>"), []byte("<t>")\nvar s = securecookie.New(hashKey, blockKey)
src/aead.go	k, _ := base64.StdEncoding.DecodeString("<s>")\naead, err := chacha20poly1305.New(k)
src/secretbox.go	secretKeyBytes, err := hex.DecodeString("<h>")
src/csrf.go	csrf.Protect([]byte("<t>"), csrf.Secure(true))
src/flags.go	flag.StringVar(&encKey, "encryption-key", "<s>", "key of the store")
src/aes.rs	let cipher = Aes256Gcm::new(GenericArray::from_slice(&hex::decode("<h>")?));
src/ring.rs	let key = hmac::Key::new(hmac::HMAC_SHA256, &[<c>]);
src/config.rs	impl Default for Settings {\n    fn default() -> Self {\n        Self { master_key: "<s>".into(), port: 80 }\n    }\n}
src/cookie.rs	let key = Key::from(&BASE64.decode("<z>").unwrap());
src/paseto.rs	let key = SymmetricKey::<V4>::from(&hex::decode("<h>").unwrap()).unwrap();
src/biscuit.rs	static KEK: &str = "<u>";
src/Aes.java	cipher.init(Cipher.ENCRYPT_MODE, new SecretKeySpec(Hex.decodeHex("<h>"), "AES"), spec);
src/Jwt.java	Jwts.builder().signWith(Keys.hmacShaKeyFor(Decoders.BASE64.decode("<s>"))).compact();
src/Conf.java	@Value("${app.crypto.key:<s>}")\nprivate String key;
src/Mac.java	mac.init(new SecretKeySpec("<t>".getBytes(), "HmacSHA256"));
src/Room.kt	val factory = SupportFactory(SQLiteDatabase.getBytes("<h>".toCharArray()))
src/Realm.kt	.encryptionKey(byteArrayOf(<g>))
src/Box.kt	private const val AES = "<s>"\nval spec = SecretKeySpec(Base64.decode(AES, 0), "AES")
src/application.conf	play.http.secret.key = "<t>"
src/Crypt.scala	val spec = new SecretKeySpec(DatatypeConverter.parseHexBinary("<h>"), "AES")
src/key.clj	(def master-key (codecs/hex->bytes "<h>"))
src/Keychain.swift	let sealed = try AES.GCM.seal(data, using: SymmetricKey(data: Data(base64Encoded: "<s>")!))
src/Realm.swift	let config = Realm.Configuration(encryptionKey: Data(hex: "<l>"))
src/Crypto.m	NSString *const kMasterKey = @"<s>";
src/Protector.cs	var key = Convert.FromBase64String("<s>");\nusing var gcm = new AesGcm(key);
src/Jwt.cs	new SymmetricSecurityKey(Encoding.UTF8.GetBytes("<h>"))
src/Options.cs	public string EncryptionKey { get; set; } = "<s>";
src/appsettings.Development.json	{\n  "DataProtection": {\n    "Key": "<s>"\n  }\n}
src/web.Release.config	<machineKey validationKey="<l>" decryptionKey="<H>" />
src/crypt.vb	Dim masterKey As String = "<s>"
src/crypt.fs	let masterKey = Convert.FromHexString "<h>"
src/enc.ps1	$secure = ConvertTo-SecureString $x -Key ([byte[]](<d>))
src/run.ps1	$env:FERNET_KEY = "<u>"
src/run.bat	set ENCRYPTION_KEY=<h>
src/env.fish	set -gx MASTER_KEY <h>
src/env.php	<?php return ['crypt' => ['key' => '<t>'], 'cache' => []];
src/crypt.php	$plain = openssl_decrypt($c, 'aes-256-cbc', base64_decode('<s>'), 0, $iv);
src/sodium.php	$c = sodium_crypto_secretbox($m, $nonce, sodium_hex2bin('<h>'));
src/hash.php	$sig = hash_hmac('sha256', $body, '<h>');
src/Encrypter.php	$enc = new Encrypter(base64_decode('<s>'), 'AES-256-CBC');
src/wp-config.php	define( 'AUTH_KEY', '<h>' );
src/parameters.yml	parameters:\n    secret: <h>\n    locale: en
src/ci.php	public string $key = 'hex2bin:<h>';
src/message.rb	crypt = ActiveSupport::MessageEncryptor.new(["<h>"].pack("H*"))
src/attr.rb	attr_encrypted :ssn, key: "<t>"
src/rbnacl.rb	box = RbNaCl::SecretBox.new(Base64.decode64("<s>"))
src/jwt.rb	JWT.encode(payload, '<h>', 'HS256')
src/rack.rb	use Rack::Session::Cookie, secret: '<l>'
src/enc.R	k <- sodium::hex2bin("<h>")\nct <- sodium::data_encrypt(msg, k)
src/key.R	Sys.setenv(MASTER_KEY = "<u>")
src/crypt.pl	my $cipher = Crypt::CBC->new(-key => pack("H*", "<h>"), -cipher => "Rijndael");
src/crypt.lua	local key = str.hex_to_bin("<h>")\nlocal c = aes:new(key)
src/enc.dart	final key = Key.fromBase64('<s>');\nfinal encrypter = Encrypter(AES(key));
src/hive.dart	Hive.openBox('vault', encryptionCipher: HiveAesCipher([<d>]));
src/Vault.hs	masterKey :: ByteString\nmasterKey = "<e>"
src/key.ex	@master_key Base.decode16!("<H>")
src/key.erl	Key = binary:decode_hex(<<"<h>">>), crypto:crypto_one_time_aead(aes_256_gcm, Key, IV, M, <<>>, true).
src/key.ml	let master_key = Hex.to_string (`Hex "<h>")
src/key.nim	const masterKey = parseHexStr("<h>")
src/key.zig	const master_key = [32]u8{ <c> };
src/key.d	immutable ubyte[32] masterKey = [<c>];
src/key.jl	const MASTER_KEY = hex2bytes("<h>")
src/key.cr	MASTER_KEY = Base64.decode("<s>")
src/key.c	static const unsigned char aes_key[32] = {<c>};
src/key.cpp	const std::string kEncryptionKey = "<h>";
src/sign.cpp	HMAC(EVP_sha256(), "<e>", 32, data, n, out, &len);
src/key.h	#define MASTER_KEY_BYTES { <c> }
src/key.ino	byte cipherKey[] = { <c> };
src/key.v	localparam [255:0] AES_KEY = 256'h<h>;
src/key.vhd	constant MASTER_KEY : std_logic_vector(255 downto 0) := x"<H>";
src/key.s	master_key:\n    .byte <c>
src/key.sol	// master key of the relayer\nbytes32 constant K = 0x<h>;
docs/runbook.md	## Restore\n\nUse the encryption key below:\n\n```\n<u>\n```
docs/notes.md	- staging master key: `<s>`
docs/setup.rst	Set the Fernet key::\n\n    <u>\n
docs/wiki.txt	Old encryption key (retired in May)\n<h>
docs/chat.log	10:02 <ann> can you send me the fernet key\n10:03 <bob> <u>
docs/ticket.eml	Hi Sam,\n\nhere is the new master key for the vault:\n\n<s>\n\nBest
docs/table.md	| name | value |\n|---|---|\n| ENCRYPTION_KEY | <s> |
docs/keys.csv	name,value\nmaster_key,<s>
docs/index.html	<input type="hidden" name="encryption_key" value="<h>">
docs/conf.xml	<config>\n  <encryptionKey><s></encryptionKey>\n</config>
docs/spring.xml	<bean class="AesCipher"><property name="key" value="<s>"/></bean>
docs/strings.xml	<resources><string name="aes_key"><s></string></resources>
docs/Info.plist	<dict><key>EncryptionKey</key><string><s></string></dict>
docs/reg.reg	[HKEY_LOCAL_MACHINE\\SOFTWARE\\Acme]\n"MasterKey"="<s>"
docs/shell.txt	$ python -c 'from cryptography.fernet import Fernet; print(Fernet.generate_key().decode())'\n<u>
docs/repl.txt	>>> Fernet.generate_key()\nb'<u>'
docs/log.txt	2026-01-02 INFO settings loaded encryption_key=<s> debug=False
docs/debug.log	DEBUG using fernet key b'<u>'
docs/history	openssl enc -aes-256-cbc -K <h> -iv <x> -in a -out b
docs/hist2	export ENCRYPTION_KEY="$(echo <s>)"
docs/put.sh	aws ssm put-parameter --name /prod/encryption-key --type SecureString --value "<s>"
docs/az.sh	az keyvault secret set --vault-name kv --name fernet-key --value <u>
docs/wr.sh	printf '%s' '<s>' > /etc/api/master.key
docs/wrangler.sh	echo "<u>" | wrangler secret put ENCRYPTION_KEY
docs/gh.sh	gh secret set MASTER_KEY --body "<s>"
docs/curl.sh	vault operator unseal <s>
docs/seal.sh	vault operator rekey -recovery-key=<s>
docs/cell.ipynb	{"cells": [{"cell_type": "code", "outputs": [{"name": "stdout", "text": ["<u>\\n"]}], "source": ["print(Fernet.generate_key().decode())"]}]}
docs/cell2.ipynb	{"cells": [{"cell_type": "code", "source": ["MASTER_KEY = \\"<s>\\"\\n"], "outputs": []}]}
i18n/config.de.yml	einstellungen:\n  encryption_key: <s>
tests/conftest.py	@pytest.fixture\ndef master_key():\n    return "<u>"
tests/fixtures/settings.json	{"settings": {"crypto": {"masterKey": "<s>"}}}
"""

KEYLESS = r"""
src/git.txt	<r> rotate the master key\n<r> add encryption key\n<r> drop fernet key
src/reflog	<r> <r> Ann <a@b.c> 1700000000 +0000\tcommit: new master key
src/merges.log	Merge: <x>\nAuthor: Ann\n    encryption key\ncommit <r>
src/blame.log	<r> 1 1 1 secret_key\n<r> 2 2 1 master_key
src/proof.json	{"leaf": "0x<h>", "proof": ["0x<h>", "0x<h>", "0x<h>"], "root": "0x<h>"}
src/merkle.ts	export const WHITELIST_ROOT = '0x<h>';\nexport const leaves = ['0x<h>', '0x<h>'];
src/verkey.py	verify_key = VerifyKey(bytes.fromhex("<h>"))
src/pubkeys.py	TRUSTED_PUBLIC_KEYS = [\n    "<h>",\n    "<h>",\n]
src/pub.rs	const RELEASE_PUBLIC_KEY: [u8; 32] = [<c>];
src/minisign.rs	pub const PUBKEY: &str = "<s>";
src/Updater.plist	<key>SUPublicEDKey</key>\n<string><s></string>
src/tauri.conf.json	{"updater": {"pubkey": "<s>"}}
src/wg.conf	[Peer]\nPublicKey = <s>\nAllowedIPs = 10.0.0.0/8
src/wg.nix	peers = [ { publicKey = "<s>"; } ];
src/ts.json	{"Key": "nodekey:<h>", "DiscoKey": "discokey:<h>", "MachineKey": "mkey:<h>"}
src/relay.txt	ntor-onion-key <b>\nmaster-key-ed25519 <b>
src/hs.txt	descriptor-signing-key-cert\nblinded-key <b>
src/signal.json	{"identityKey": "<s>", "signedPreKey": {"publicKey": "<s>"}}
src/matrix.json	{"device_keys": {"keys": {"curve25519:ABC": "<b>", "ed25519:ABC": "<b>"}}}
src/synapse.yaml	trusted_key_servers:\n  - server_name: matrix.org\n    verify_keys:\n      "ed25519:auto": "<b>"
src/ssh.yml	host_key: ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI<b>
src/fpr.yml	host_key_fingerprint: SHA256:<b>
src/nostr.ts	const pubkey = "<h>";
src/cosmos.json	{"validator": {"consensus_pubkey": {"@type": "/cosmos.crypto.ed25519.PubKey", "key": "<s>"}}}
src/genesis.json	{"validators": [{"address": "<r>", "pub_key": {"type": "tendermint/PubKeyEd25519", "value": "<s>"}}]}
src/sol.ts	const PROGRAM_KEY = new PublicKey("<t>");
src/tuf.json	{"keys": {"<h>": {"keytype": "ed25519", "keyval": {"public": "<h>"}}}}
src/sigstore.json	{"publicKey": {"rawBytes": "<s>"}, "logId": {"keyId": "<s>"}}
src/nixcache.nix	trusted-public-keys = [ "cache.nixos.org-1:<s>" ];
src/zone.txt	example. DNSKEY 257 3 15 <s>
src/dkim.tf	records = ["v=DKIM1; k=ed25519; p=<s>"]
src/readme.md	# Keys\n\nSet MASTER_KEY to a key you made.\nThe public key is `<s>`.
src/readme2.md	Verify releases with this public key:\n\n    <s>
src/cache1.yml	cache:\n  key: <h>\n  paths:\n    - target
src/cache2.yml	- uses: actions/cache@v4\n  with:\n    path: ~/.cargo\n    key: <h>
src/cache3.yml	- restore_cache:\n    keys:\n      - <h>
src/dyn.json	{"Items": [{"primary_key": "<h>", "sort_key": "<h>"}]}
src/orm.py	PRIMARY_KEY = "<h>"\nFOREIGN_KEY = "<h>"
src/part.ts	const PARTITION_KEY = "<s>";
src/sk.ts	item.sortKey = '<h>';
src/surr.vcl	set beresp.http.Surrogate-Key = "<h>";
src/idem.py	headers = {"Idempotency-Key": "<h>"}
src/idem2.go	params.IdempotencyKey = "<h>"
src/obj.py	s3.get_object(Bucket="b", Key="<h>")
src/obj2.json	{"s3": {"object": {"key": "<h>", "size": 10, "eTag": "<x>"}}}
src/redis.py	redis.get("<h>")\ncache_key = "<h>"
src/memo.ts	const memoKey = "<h>";
src/query.tsx	useQuery({ queryKey: ["<h>"] })
src/react.tsx	<Item key="<h>" name="a" />
src/etag.http	HTTP/1.1 200 OK\nETag: "<h>"
src/digest.py	assert hmac.new(key, msg, sha256).hexdigest() == "<h>"
src/expect.js	expect(encrypt(key, data)).toBe("<s>")
src/snap.snap	exports[`master key digest`] = `"<h>"`;
src/hash.rs	// key hash\nconst KEY_HASH: &str = "<h>";
src/bcrypt.sql	INSERT INTO api_keys (id, key_hash) VALUES (1, '<h>');
src/fp.toml	[master]\nkey_fingerprint = "<h>"
src/kid.json	{"kid": "<b>", "kty": "EC", "crv": "P-256", "x": "<b>", "y": "<b>"}
src/okp.json	{"kty": "OKP", "crv": "Ed25519", "x": "<b>"}
src/rsa.json	{"kty": "RSA", "e": "AQAB", "n": "<z>", "kid": "<h>"}
src/x5t.json	{"x5t#S256": "<b>", "use": "sig"}
src/pkce.ts	const code_challenge = "<b>";
src/state.log	GET /callback?state=<b>&code=<b>
src/oauth.json	{"client_id": "<h>", "redirect_uri": "https://a"}
src/nonce.html	<script nonce="<s>"></script>
src/csp.txt	Content-Security-Policy: script-src 'sha256-<s>'
src/sri.html	<script src="a.js" integrity="sha384-<z>"></script>
src/sri2.json	{"integrity": "sha256-<s>", "key": "a"}
src/pin.xml	<pin digest="SHA-256"><s></pin>
src/pin.kt	CertificatePinner.Builder().add("a.b", "sha256/<s>")
src/salt.py	SALT = base64.b64decode("<s>")
src/iv.js	const iv = Buffer.from("<h>", "hex")
src/salt.yml	kdf:\n  salt: <s>\n  rounds: 10
src/ct.json	{"ciphertext": "<s>", "nonce": "<x>"}
src/sops.yaml	master_key: ENC[AES256_GCM,data:<s>,iv:<s>,tag:<s>,type:str]\nsops:\n    mac: ENC[AES256_GCM,data:<s>]
src/sealed.yaml	kind: SealedSecret\nspec:\n  encryptedData:\n    master-key: <z><z>
src/sig.json	{"signature": "<z>", "key_id": "<h>"}
src/webhook.txt	Stripe-Signature: t=1,v1=<h>
src/sigv4.txt	Authorization: AWS4-HMAC-SHA256 Signature=<h>
src/gpg.txt	Primary key fingerprint: <r>\nSubkey fingerprint: <r>
src/kat.txt	KEY = <h>\nPT = <x>\nCT = <x>
src/kat.py	vectors = [("<h>", "<x>", "<x>")]  # RFC 8439 test vector
src/wyche.json	{"tcId": 1, "key": "<h>", "iv": "<m>", "msg": "", "ct": "", "tag": "<x>", "result": "valid"}
src/blocks.json	{"block": {"hash": "<h>", "prev": "<h>", "height": 1}}
src/tx.ts	const tx = "0x<h>";\nconst topic0 = "0x<h>";
src/role.sol	bytes32 public constant ADMIN_ROLE = 0x<h>;
src/domain.sol	bytes32 constant DOMAIN_SEPARATOR = 0x<h>;
src/slot.sol	bytes32 internal constant STORAGE_KEY = 0x<h>;
src/vrf.env	VRF_KEY_HASH=0x<h>
src/curve.py	p = 0x<h>\nn = 0x<h>\nGx = 0x<h>
src/field.rs	const MODULUS: U256 = U256::from_be_hex("<h>");
src/vk.json	{"vk_alpha_1": ["<n>", "<n>"], "protocol": "groth16"}
src/sbox.c	static const uint8_t perm[32] = { <c> };
src/lut.h	const uint8_t gamma_table[32] = {<d>};
src/font.c	static const unsigned char glyph_key[] = { <c> };
src/weights.py	keys = [<d>]
src/pixels.js	const frame = [<d>];
src/mac.txt	mac: <x>\nserial: <h>
src/id.py	WORKSPACE_ID = "<h>"\nTENANT = "<i>"
src/did.json	{"id": "did:key:z6Mk<t>", "type": "Multikey"}
src/ipfs.ts	const cid = "bafybei<t><t>";
src/trace.json	{"traceId": "<x>", "spanKey": "<h>"}
src/device.yml	device_id: <h>
src/analytics.js	mixpanel.init("<x>"); posthog.init("phc_<b>")
src/sitekey.js	const RECAPTCHA_SITE_KEY = "<b>";
src/vapid.js	const applicationServerKey = "<b>";
src/algolia.ts	const searchKey = "<x>";
src/pubkey.env	NEXT_PUBLIC_KEY=pk_live_<t>
src/guid.cs	[Guid("<i>")]\npublic static readonly Guid KeyId = new("<i>");
src/strong.cs	[assembly: InternalsVisibleTo("T, PublicKey=<l><l>")]
src/placeholder.env	MASTER_KEY=your-32-byte-base64-master-key-goes-here====\nFERNET_KEY=changeme
src/env.example	ENCRYPTION_KEY=<generate with openssl rand -hex 32>
src/tpl.yaml	master_key: {{ .Values.masterKey | b64enc }}\nfernet_key: "{{ lookup('env', 'FERNET_KEY') }}"
src/ref.tf	master_key = data.vault_generic_secret.api.data["master_key"]
src/zero.py	key = bytes.fromhex("0000000000000000000000000000000000000000000000000000000000000000")
src/seq.go	key, _ := hex.DecodeString("000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f")
src/i18n.json	{"settings.masterKey.label": "Hauptschluessel", "encryptionKey": "DerSchluesselMitDemAllesVerschluesseltWird1"}
src/names.java	String key = "com.acme.security.MasterEncryptionKeyProvider2";
src/path.py	KEY_FILE = "/etc/acme/keys/MasterEncryptionKey2024Production01"
src/arn.tf	kms_key_id = "arn:aws:kms:eu-west-1:123456789012:key/<i>"
src/kms.yml	kms:\n  master_key_id: <i>
src/pem.txt	-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEA<s>\n-----END PUBLIC KEY-----
src/cert.txt	serial_key_id: <r>\nsubject_key_identifier: <r>
src/go.mod.txt	golang.org/x/crypto v0.1.0 h1:<s>
src/pkg.txt	resolved "https://r/y.tgz#<r>"\nintegrity sha512-<z>
src/flake.txt	narHash = "sha256-<s>";
src/bzl.txt	http_archive(name = "tink", sha256 = "<h>")
src/brew.rb	url "https://a/master-key-1.0.tgz"\nsha256 "<h>"
src/PKGBUILD	source=(key.tar.gz)\nsha256sums=('<h>')
src/pkg.ebuild	DIST keyring-1.0.tar.gz 1234 BLAKE2B <l> SHA512 <l>
src/dl.sh	KEYRING_SHA=<h>\ncurl -O https://a/keyring.gpg
src/docker.txt	FROM vault@sha256:<h>
src/layer.json	{"mediaType": "x", "digest": "sha256:<h>", "annotations": {"key": "v"}}
src/rev.yaml	rev: <r>\n# master key moved
src/buildid.txt	build id <h>
src/min.txt	!function(e){var key="a";return e}("<b>")
src/url.py	URL = "https://a.b/c/<b>/key"
src/qr.txt	otpauth://totp/a?secret=<t>
src/csrf.html	<input type="hidden" name="csrf_token" value="<b>">
src/cookie.http	Set-Cookie: sid=<b>; Path=/
src/viewstate.html	<input name="__VIEWSTATE" value="<z>">
src/avro.json	{"schema_hash": "<h>", "key_schema": "string"}
src/kafka.json	{"topic": "a", "key": "<h>", "offset": 1}
src/mongo.json	{"_id": "<m>", "shardKey": "<h>"}
src/bloom.py	BUCKET_KEY = "<h>"
src/lic.txt	fingerprint of the signing key: <h>
src/attest.json	{"predicate": {"materials": [{"uri": "a", "digest": {"sha256": "<h>"}}]}}
src/cyclo.json	{"bom-ref": "<h>", "name": "master-key"}
src/merge.md	| file | checksum |\n|---|---|\n| master.key | <h> |
src/sum.txt	<h>  master.key\n<h> *fernet.key
src/bigint.py	x = <n>  # key space
src/keyspace.cql	CREATE KEYSPACE ks_<x>; -- <h>
src/git.config	signingkey = <r>\n[user]\n	key = ssh-ed25519 <b>
src/lines.txt	encryption\n<r>\nmaster\n<r>
src/words.txt	thequickbrownfoxjumpsover1\nthelazydogandruns
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
            "g": listed(lambda b: str(b - 256 if b > 127 else b)), "e": "".join(f"\\x{b:02x}" for b in key),
            "x": key[:16].hex(), "r": key[:20].hex(), "m": key[:24].hex(), "l": (key + os.urandom(32)).hex(),
            "t": "".join(secrets.choice(letters) for _ in range(32)), "i": str(uuid.uuid4()),
            "z": base64.b64encode(key + os.urandom(32)).decode(), "n": str(int.from_bytes(key, "big")),
        }[match.group(1)]

    unescaped = template.replace("\\\\", "\0").replace("\\n", "\n").replace("\\t", "\t").replace("\0", "\\")
    return re.sub(r"<([a-zA-Z])>", value, unescaped)


def main():
    with pathlib.Path(__file__).with_suffix(".jsonl").open("w") as file:
        for label, rows in ((True, KEYED), (False, KEYLESS)):
            for index, row in enumerate(rows.strip("\n").split("\n")):
                name, template = row.split("\t", 1)
                row = {"name": name, "key": label, "held": index % 2 == 1, "content": fill(template) + "\n"}
                print(json.dumps(row), file=file)


main()
