//! Names of things: of keys of applications, of environment variables, of hosts and databases.

use super::compounds::Judge;
use super::placeholders::each_spelling;

/// `my-app-encryption-key`, `AppSigningSecret`, `staging_db_password`.
pub(super) fn each_key_name(judge: Judge<'_>) -> Option<&'static str> {
    let mut spelled = Vec::with_capacity(64);
    parts(STAGES).find_map(|stage| {
        parts(APPS).find_map(|app| {
            parts(PURPOSES).find_map(|purpose| {
                parts(NOUNS).find_map(|noun| {
                    let ends: &[&str] =
                        if stage.len() < 3 { &["", "1", "v1", "v2", "dev", "prod", "2025"] } else { &[""] };
                    ends.iter().find_map(|end| each_spelling(&[stage, app, purpose, noun, end], &mut spelled, judge))
                })
            })
        })
    })
}

/// The name of the variable where its value should be, and in the syntax that should have been replaced by the value.
pub(super) fn each_variable(judge: Judge<'_>) -> Option<&'static str> {
    parts(APPS).chain(["my app", "next public", "vite", "react app"]).find_map(|app| {
        let app = app.replace(' ', "_").to_uppercase();
        parts(SECTIONS).find_map(|section| {
            parts(VARIABLES).find_map(|variable| {
                let name = if app.is_empty() { variable.to_owned() } else { format!("{app}{section}{variable}") };
                let lower = name.to_lowercase();
                let forms = [
                    format!("${{{name}}}"),
                    format!("${name}"),
                    format!("%{name}%"),
                    format!("<{name}>"),
                    format!("{{{{{name}}}}}"),
                    format!("{{{{ {name} }}}}"),
                    format!("{name}="),
                    format!("os.environ['{name}']"),
                    format!("os.environ[\"{name}\"]"),
                    format!("process.env.{name}"),
                    format!("your_{lower}"),
                    format!("your-{}", lower.replace('_', "-")),
                    format!("<your-{}>", lower.replace('_', "-")),
                    lower.replace('_', "-"),
                    lower.replace('_', "."),
                    lower,
                    name,
                ];
                forms.iter().find_map(|form| judge(form.as_bytes()))
            })
        })
    })
}

/// `postgres://user:password@localhost:5432/mydb` and its relatives.
pub(super) fn each_connection(judge: Judge<'_>) -> Option<&'static str> {
    parts(SCHEMES).find_map(|scheme| {
        let (scheme, ports) = scheme.split_once(' ').unwrap_or((scheme, ""));
        parts(LOGINS).find_map(|login| {
            parts(HOSTS).find_map(|host| {
                ports.split(' ').chain([""]).find_map(|port| {
                    parts(DATABASES)
                        .find_map(|database| judge(format!("{scheme}://{login}{host}{port}{database}").as_bytes()))
                })
            })
        })
    })
}

/// `db-prod-01.example.com`, as it stands and as a URL.
pub(super) fn each_host(judge: Judge<'_>) -> Option<&'static str> {
    parts(ROLES).find_map(|role| {
        ["", "-dev", "-prod", "-test", "-staging"].iter().find_map(|stage| {
            ["", "1", "2", "01", "02", "-1", "-01", "-02", "-0"].iter().find_map(|number| {
                parts(DOMAINS).find_map(|domain| {
                    let host = format!("{role}{stage}{number}{domain}");
                    judge(host.as_bytes())
                        .or_else(|| judge(format!("https://{host}").as_bytes()))
                        .or_else(|| judge(format!("http://{host}").as_bytes()))
                })
            })
        })
    })
}

/// Addresses of people: `admin@example.com`.
pub(super) fn each_address(judge: Judge<'_>) -> Option<&'static str> {
    parts(USERS).find_map(|user| {
        parts(DOMAINS)
            .chain(parts(MAIL_DOMAINS))
            .filter(|domain| !domain.is_empty())
            .find_map(|domain| judge(format!("{user}@{}", domain.trim_start_matches('.')).as_bytes()))
    })
}

/// Bare names, for UUIDs that are made of names.
pub(super) fn each_domain(judge: Judge<'_>) -> Option<&'static str> {
    parts(ROLES).chain(parts(MAIL_DOMAINS)).find_map(|name| {
        parts(DOMAINS).find_map(|domain| {
            let host = format!("{name}{domain}");
            ["", "http://", "https://"].iter().find_map(|scheme| {
                judge(format!("{scheme}{host}").as_bytes()).or_else(|| judge(format!("{scheme}{host}/").as_bytes()))
            })
        })
    })
}

/// The entries of a list.
fn parts(list: &'static str) -> impl Iterator<Item = &'static str> {
    list.split('|')
}

const STAGES: &str = "|my|the|your|our|test|dev|prod|production|staging|local|example";

const APPS: &str = "\
    |app|application|api|service|server|project|company|web|website|backend|frontend|db|database|data|user|\
    users|admin|session|cookie|jwt|auth|oauth|client|webhook|vault|django|flask|fastapi|rails|laravel|express|\
    node|nextauth|spring|airflow|superset|fernet|strongroom|redis|postgres|mysql|mongo|rabbitmq|celery|kafka|\
    aws|s3|minio|azure|github|gitlab|stripe|slack|docker|keycloak|grafana|nextcloud|n8n|directus|strapi|supabase";

const PURPOSES: &str = "\
    |secret|master|encryption|signing|private|access|crypto|aes|hmac|field encryption|data encryption";

const NOUNS: &str = "key|secret|password|passphrase|token|salt";

const SECTIONS: &str = "_|__|__CORE__|__SECURITY__|__WEBSERVER__|__AUTH__|_APP_";

const VARIABLES: &str = "\
    KEY|SECRET|SECRET_KEY|SECRET_KEY_BASE|API_KEY|API_SECRET|API_TOKEN|ENCRYPTION_KEY|ENCRYPTION_SECRET|\
    MASTER_KEY|MASTER_KEYS|FERNET_KEY|FERNET_KEYS|PASSWORD|TOKEN|SIGNING_KEY|SIGNING_SECRET|PRIVATE_KEY|\
    ACCESS_KEY|JWT_SECRET|JWT_SECRET_KEY|SESSION_SECRET|SESSION_KEY|COOKIE_SECRET|AUTH_SECRET|APP_SECRET|\
    APP_KEY|CLIENT_SECRET|DB_PASSWORD|DATABASE_URL|DATABASE_PASSWORD|CREDS_KEY|VAULT_KEY|VAULT_TOKEN|DATA_KEY|\
    KMS_SECRET_KEY|SALT|PASSPHRASE";

/// With the ports that stand behind the host.
const SCHEMES: &str = "\
    postgres :5432 :5433|postgresql :5432 :5433|postgresql+psycopg2 :5432|postgresql+asyncpg :5432|\
    jdbc:postgresql :5432|mysql :3306|mysql+pymysql :3306|jdbc:mysql :3306|mariadb :3306|mongodb :27017|\
    mongodb+srv|redis :6379|rediss :6379|amqp :5672|http :80 :3000 :5000 :8000 :8080 :9000 :9200|\
    https :443 :8443";

const LOGINS: &str = "\
    |user:password@|user:pass@|username:password@|postgres:postgres@|postgres:password@|postgres@|\
    postgres:secret@|root:root@|root:password@|root:secret@|root:example@|root@|root:@|admin:admin@|\
    admin:password@|admin:secret@|guest:guest@|app:app@|app:password@|app:secret@|dbuser:dbpass@|\
    myuser:mypassword@|myuser:mypass@|test:test@|dev:dev@|mysql:mysql@|airflow:airflow@|django:django@|\
    rabbitmq:rabbitmq@|:password@|:secret@|default:password@|example:example@";

const HOSTS: &str = "\
    localhost|127.0.0.1|0.0.0.0|db|database|postgres|postgresql|mysql|mariadb|mongo|mongodb|redis|rabbitmq|host|\
    hostname|host.docker.internal|db.example.com|example.com";

const DATABASES: &str = "\
    |/|/0|/1|/db|/mydb|/database|/dbname|/postgres|/mysql|/app|/myapp|/test|/testdb|/dev|/prod|/production|\
    /admin|/airflow|/django|/example|/mydatabase|/api|/api/v1";

const ROLES: &str = "\
    www|web|app|api|db|database|mail|smtp|vpn|gw|gateway|proxy|lb|cache|redis|postgres|mysql|mongo|auth|sso|\
    login|admin|vault|git|gitlab|jenkins|ci|build|docker|k8s|node|master|worker|server|srv|host|backup|files|\
    nas|monitor|grafana|dev|test|staging|prod|localhost|example|mycompany|company|acme|ip-10-0-0|ec2|\
    raspberrypi|ubuntu";

const DOMAINS: &str = "\
    |.local|.localdomain|.lan|.internal|.home|.corp|.intranet|.example.com|.example.org|.example.net|.com|.net|\
    .org|.io|.dev|.de|.test|.company.com|.mycompany.com|.acme.com";

const USERS: &str = "\
    admin|administrator|root|user|test|info|contact|support|hello|me|john|john.doe|jane.doe|alice|bob|dev|\
    noreply|no-reply|postmaster|webmaster|sales|office|demo|guest";

const MAIL_DOMAINS: &str = "\
    example.com|example.org|example.net|test.com|gmail.com|yahoo.com|hotmail.com|outlook.com|company.com|\
    domain.com|email.com|mail.com|localhost|python.org|google.com|github.com|foo.com|bar.com|foobar.com|\
    website.com|mysite.com|myapp.com|acme.com";

#[cfg(test)]
mod tests {
    use super::*;

    type Each = fn(Judge<'_>) -> Option<&'static str>;

    #[test]
    fn things_are_named_in_every_form() {
        let cases: [(Each, usize, &[&str]); 6] = [
            (
                each_key_name,
                900_000,
                &["my-app-encryption-key", "AppSigningSecret", "STAGING_DB_PASSWORD", "fernetKey", "api-key-v2"],
            ),
            (
                each_variable,
                400_000,
                &[
                    "AIRFLOW__CORE__FERNET_KEY",
                    "${SECRET_KEY}",
                    "process.env.JWT_SECRET",
                    "your_api_key",
                    "django.secret.key",
                ],
            ),
            (each_connection, 600_000, &["postgres://user:password@localhost:5432/mydb", "redis://localhost:6379/0"]),
            (each_host, 200_000, &["db-prod-01.example.com", "https://api.mycompany.com", "localhost"]),
            (each_address, 2_000, &["admin@example.com", "john.doe@gmail.com"]),
            (each_domain, 20_000, &["python.org", "https://www.example.com/"]),
        ];
        for (each, most, wanted) in cases {
            let (mut count, mut missed) = (0, wanted.to_vec());
            let found = each(&mut |text| {
                count += 1;
                missed.retain(|wanted| wanted.as_bytes() != text);
                None
            });
            assert_eq!((found, &missed[..]), (None, &[][..]));
            assert!(count < most, "{count} of {most}");
        }
    }
}
