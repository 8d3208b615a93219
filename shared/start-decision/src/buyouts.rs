//! Buyouts that nobody wrote down yet.

use db::{Connection, DbError};
use domain::{PowerbankId, UserId};

/// A rental past its buyout is BUYOUT for every reader: before a new one meets it, that is written
/// down. Meant are the user's rental without a deposit, and the one with this power bank.
///
/// # Errors
/// [`DbError`].
pub async fn write_down_buyouts(
    connection: &mut Connection,
    user_without_deposit: Option<&UserId>,
    powerbank_id: Option<&PowerbankId>,
) -> Result<(), DbError> {
    let bought_out =
        db_rental::bought_out_in_the_way(connection, user_without_deposit, powerbank_id).await?;
    for rental_id in bought_out {
        let event_id = runtime::fresh_id();
        let bought_out = db::savepoint(connection, async |c| {
            db_rental::buy_out(c, rental_id, event_id).await
        });
        match bought_out.await {
            // Somebody else just wrote it down.
            Ok(()) | Err(DbError::Lost(_)) => {}
            // It stays in the way, and the new rental is decided as if it were open.
            Err(error) if error.is_fault_of_the_data() => {
                tracing::error!(%rental_id, %error, "the buyout cannot be written down");
            }
            Err(error) => return Err(error),
        }
    }
    Ok(())
}
