//! One order, from the account to the certificate.

use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use http::{Request, Response};
use http_body_util::{BodyExt as _, Full};
use instant_acme::{
    Account, AccountBuilder, AccountCredentials, AuthorizationStatus, BodyWrapper, BytesResponse,
    ChallengeType, Error, HttpClient, Identifier, NewAccount, NewOrder, Order, OrderStatus,
    RetryPolicy,
};
use kernel::Egress;
use kernel::egress::Whose;
use web::Certificate;

use super::{Acme, Trouble};

/// An authority has this long to convince itself, and to write the certificate.
const PATIENCE: RetryPolicy =
    RetryPolicy::new().initial_delay(Duration::from_millis(500)).timeout(Duration::from_secs(90));

/// What an authority says of an account it does not have: it was reset, or restored (RFC 8555, 6.7).
const NO_ACCOUNT: &str = "urn:ietf:params:acme:error:accountDoesNotExist";

/// Gets a certificate for all domains, and keeps it.
pub(super) async fn get(acme: &Acme) -> Result<Certificate, Trouble> {
    let mut order = begin(acme).await?;
    let mut shown = Vec::new();
    let answered = answer(acme, &mut order, &mut shown).await;
    let outcome = match answered {
        Ok(()) => finish(acme, &mut order).await,
        Err(trouble) => Err(trouble),
    };
    for token in shown {
        acme.challenges.take_back(&token);
    }
    outcome
}

/// Shows the word of each domain that is not proven yet.
async fn answer(acme: &Acme, order: &mut Order, shown: &mut Vec<String>) -> Result<(), Trouble> {
    let mut all = order.authorizations();
    while let Some(one) = all.next().await {
        let mut one = one.map_err(trouble)?;
        if one.status == AuthorizationStatus::Valid {
            continue;
        }
        let mut challenge = one
            .challenge(ChallengeType::Http01)
            .ok_or_else(|| Trouble::Refusal("it offers no HTTP-01 challenge".to_owned()))?;
        let token = challenge.token.clone();
        acme.challenges.show(&token, challenge.key_authorization().as_str());
        shown.push(token);
        challenge.set_ready().await.map_err(trouble)?;
    }
    Ok(())
}

async fn finish(acme: &Acme, order: &mut Order) -> Result<Certificate, Trouble> {
    let status = order.poll_ready(&PATIENCE).await.map_err(trouble)?;
    if status != OrderStatus::Ready {
        return Err(Trouble::Refusal(why(order).await));
    }
    let key = order.finalize().await.map_err(trouble)?;
    let chain = order.poll_certificate(&PATIENCE).await.map_err(trouble)?;
    acme.place.keep_certificate(&chain, &key)
}

/// What the authority found where it asked for the word.
async fn why(order: &mut Order) -> String {
    let mut all = order.authorizations();
    while let Some(Ok(mut one)) = all.next().await {
        if one.refresh().await.is_err() {
            continue;
        }
        let domain = one.identifier().to_string();
        let said = one.challenges.iter().find_map(|challenge| challenge.error.as_ref());
        if let Some(said) = said {
            return format!("{domain} could not be proven: {said}");
        }
    }
    "the domains could not be proven".to_owned()
}

/// A new order, of the account that is kept, or of a new one.
async fn begin(acme: &Acme) -> Result<Order, Trouble> {
    let names: Vec<Identifier> = acme.domains.iter().cloned().map(Identifier::Dns).collect();
    let new = NewOrder::new(&names);
    if let Some(account) = kept_account(acme).await? {
        match account.new_order(&new).await {
            Err(Error::Api(problem)) if problem.r#type.as_deref() == Some(NO_ACCOUNT) => {
                tracing::warn!("the account is unknown, and another one is made: {problem}");
                acme.place.set_account_aside()?;
            }
            asked => return asked.map_err(trouble),
        }
    }
    let account = new_account(acme).await?;
    account.new_order(&new).await.map_err(trouble)
}

fn builder(acme: &Acme) -> AccountBuilder {
    Account::builder_with_http(Box::new(Wire::new(&acme.egress, &acme.directory)))
}

/// The authority is not asked whether it still has it.
async fn kept_account(acme: &Acme) -> Result<Option<Account>, Trouble> {
    let kept = acme.place.account();
    let kept = kept.and_then(|text| serde_json::from_str::<AccountCredentials>(&text).ok());
    match kept {
        Some(kept) => builder(acme).from_credentials(kept).await.map(Some).map_err(trouble),
        None => Ok(None),
    }
}

async fn new_account(acme: &Acme) -> Result<Account, Trouble> {
    let mail = format!("mailto:{}", acme.email);
    let contact = if acme.email.is_empty() { vec![] } else { vec![mail.as_str()] };
    let new = NewAccount {
        contact: &contact,
        // The settings are refused unless the operator says so.
        terms_of_service_agreed: true,
        only_return_existing: false,
    };
    let made = builder(acme).create(&new, acme.directory.clone(), None).await;
    let (account, credentials) = made.map_err(trouble)?;
    let text = serde_json::to_string(&credentials).map_err(|error| trouble(error.into()))?;
    acme.place.keep_account(text);
    Ok(account)
}

fn trouble(error: Error) -> Trouble {
    match error {
        Error::Api(problem) => Trouble::Refusal(problem.to_string()),
        Error::Other(error) => Trouble::Silence(error.to_string()),
        other => Trouble::Silence(other.to_string()),
    }
}

/// The house's own way out. What is on the host the operator named is the operator's; the authority
/// may name other hosts, if everybody can reach them.
struct Wire {
    egress: Egress,
    host: Option<String>,
}

impl Wire {
    fn new(egress: &Egress, directory: &str) -> Self {
        let host = directory.parse::<http::Uri>().ok();
        let host = host.and_then(|uri| uri.authority().map(ToString::to_string));
        Self { egress: egress.clone(), host }
    }
}

impl HttpClient for Wire {
    fn request(
        &self,
        request: Request<BodyWrapper<bytes::Bytes>>,
    ) -> Pin<Box<dyn Future<Output = Result<BytesResponse, Error>> + Send>> {
        let own = request.uri().authority().map(http::uri::Authority::as_str);
        let whose = if own == self.host.as_deref() { Whose::Operators } else { Whose::Named };
        let egress = self.egress.clone();
        Box::pin(async move {
            let (parts, body) = request.into_parts();
            let body = body.collect().await.unwrap_or_else(|never| match never {}).to_bytes();
            let request = Request::from_parts(parts, body.to_vec());
            let answer = egress.exchange(whose, request).await;
            let answer: Response<Vec<u8>> = answer.map_err(|error| {
                Error::Other(error.cause().unwrap_or_else(|| error.message().to_owned()).into())
            })?;
            Ok(BytesResponse::from(answer.map(|body| Full::new(bytes::Bytes::from(body)))))
        })
    }
}
