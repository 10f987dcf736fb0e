//! `trader portfolio` and `trader risk`: how the account stands.

use super::account::{Account, Sources};
use super::say::{Output, Style};
use crate::decision::{Limits, Standings};
use crate::report::{
    Cell, Format, LimitReport, Number, PortfolioDocument, PositionReport, RiskDocument, Table, percent, to_json,
};
use crate::settings::Settings;
use crate::store::{Access, Store};
use crate::unit::{Bps, Money, UtcMillis};

/// The stored account, and the moment of the newest run.
pub(super) fn stored_account(settings: &Settings, store: &Store) -> anyhow::Result<(Account, UtcMillis)> {
    let now = store.newest_run_at()?;
    let account = match now {
        Some(now) => Account::stored(Sources::of(settings, store, now)?)?,
        None => None,
    };
    let none = || super::usage("there is no account yet: the first `trader cycle` opens it");
    Ok((account.ok_or_else(none)?, now.unwrap_or(UtcMillis::new(0))))
}

/// Shows the account and its positions.
pub fn portfolio(settings: &Settings, style: Style) -> anyhow::Result<Output> {
    let store = Store::open(&settings.db, Access::Read)?;
    let (account, as_of) = stored_account(settings, &store)?;
    let (portfolio, orders) = (account.report(), account.waiting());
    let rows = positions(&portfolio.positions);
    Ok(match style.format {
        Format::Csv => Output::table(&rows, style),
        Format::Json => {
            let schema = "trader.portfolio.v1";
            let document = PortfolioDocument { schema, as_of: Some(as_of), portfolio, orders };
            Output::ok(to_json(&document, style.pretty))
        }
        Format::Table => {
            let shown = |n: Option<Number>| n.map_or_else(|| "unknown".to_owned(), |n| format!("{n} %"));
            let mut lines = vec![
                format!("{}: {}", portfolio.state, portfolio.state_text),
                format!("equity {} {}, cash {}, at {as_of}", portfolio.equity, portfolio.asset, portfolio.cash),
                format!(
                    "today {}, drawdown {}, heat {} ({} as far as coins move together)",
                    shown(portfolio.day_pnl_pct),
                    shown(portfolio.drawdown_pct),
                    shown(portfolio.heat_pct),
                    shown(portfolio.heat_correlated_pct)
                ),
            ];
            if !rows.rows.is_empty() {
                lines.push(Output::table(&rows.without(&["id", "mark_time"]), style).text);
            }
            lines.extend(orders.iter().map(|o| format!("waiting: {} {} {}", o.side, o.quantity, o.symbol)));
            Output::ok(lines.join("\n"))
        }
    })
}

fn positions(positions: &[PositionReport]) -> Table {
    let money = |amount: Option<Money>| Cell::from(amount.map(|m| m.to_string()));
    let number = |n: Option<Number>| Cell::from(n.map(Number::get));
    let row = |p: &PositionReport| {
        vec![
            Cell::Text(p.symbol.to_string()),
            Cell::Text(p.opened_at.to_string()),
            Cell::Text(p.quantity.clone()),
            Cell::Text(p.entry_price.clone()),
            Cell::from(p.mark.map(|m| m.to_string())),
            Cell::from(p.mark_time.map(|t| t.to_string())),
            money(p.pnl),
            number(p.pnl_pct),
            Cell::Text(p.stop.to_string()),
            Cell::from(p.target.map(|t| t.to_string())),
            money(Some(p.open_risk)),
            number(p.open_risk_pct),
            money(Some(p.planned_risk)),
            Cell::from(p.leaving.map(str::to_owned)),
            Cell::Text(p.id.clone()),
        ]
    };
    let columns = vec![
        "symbol",
        "opened_at",
        "quantity",
        "entry_price",
        "mark",
        "mark_time",
        "pnl",
        "pnl_pct",
        "stop",
        "target",
        "open_risk",
        "open_risk_pct",
        "planned_risk",
        "leaving",
        "id",
    ];
    Table { columns, rows: positions.iter().map(row).collect() }
}

/// Shows the state of the account, its limits and what is left of each.
pub fn risk(settings: &Settings, style: Style) -> anyhow::Result<Output> {
    let store = Store::open(&settings.db, Access::Read)?;
    let (account, as_of) = stored_account(settings, &store)?;
    let limits = limits(&account, settings);
    let table = table_of(&limits);
    Ok(match style.format {
        Format::Csv => Output::table(&table, style),
        Format::Json => Output::ok(to_json(&risk_document(&account, Some(as_of), limits), style.pretty)),
        Format::Table => {
            let mut lines = vec![format!("{}: {}", account.state.word(), account.state.meaning())];
            lines.extend(reason(&account).map(|reason| format!("because: {reason}")));
            lines.push(Output::table(&table.without(&["text"]), style).text);
            lines.extend(limits.into_iter().map(|limit| limit.text));
            Output::ok(lines.join("\n"))
        }
    })
}

/// The state of the account as a document.
pub(super) fn risk_document(account: &Account, as_of: Option<UtcMillis>, limits: Vec<LimitReport>) -> RiskDocument {
    RiskDocument {
        schema: "trader.risk.v1",
        as_of,
        state: account.state.word(),
        state_text: account.state.meaning(),
        reason: reason(account),
        limits,
    }
}

fn reason(account: &Account) -> Option<String> {
    account.in_force.halted.clone().or_else(|| account.in_force.paused.clone())
}

fn table_of(limits: &[LimitReport]) -> Table {
    let row = |l: &LimitReport| {
        let words = [l.name.to_owned(), l.limit.clone(), l.used.clone(), l.room.clone(), l.text.clone()];
        words.map(Cell::Text).to_vec()
    };
    Table { columns: vec!["name", "limit", "used", "room", "text"], rows: limits.iter().map(row).collect() }
}

/// Each limit with what is used of it and what is left.
pub(super) fn limits(account: &Account, settings: &Settings) -> Vec<LimitReport> {
    let (limits, standings) = (&settings.trading.limits, &account.standings);
    let Standings { equity, peak, day_start, .. } = *standings;
    let promised = account.books.cash() - account.books.free_cash();
    let of = |whole: Money, limit: Bps, name| Share { whole, limit, name };
    vec![
        places(account, limits),
        one_trade(&of(equity, limits.risk_per_trade, "equity")),
        amount("cash", account.books.cash(), promised, "cash", "what is neither in coins nor promised"),
        of(equity, limits.heat, "equity").used("heat", account.heat, "all stops hit at once"),
        day(&of(day_start, limits.daily_loss, "the day's start"), day_start - equity),
        of(peak, limits.warning_drawdown, "the peak").used(
            "warning_drawdown",
            peak - equity,
            "below the peak until entries stop",
        ),
        of(peak, limits.emergency_drawdown, "the peak").used(
            "emergency_drawdown",
            peak - equity,
            "below the peak until everything is sold",
        ),
    ]
}

/// A limit that is a share of something.
struct Share {
    whole: Money,
    limit: Bps,
    name: &'static str,
}

impl Share {
    fn amount(&self) -> Money {
        self.whole.share(self.limit.share())
    }

    fn words(&self) -> String {
        let percentage = percent(self.limit.real()).map_or_else(String::new, |n| n.to_string());
        format!("{percentage} % of {}", self.name)
    }

    fn used(&self, name: &'static str, used: Money, what: &str) -> LimitReport {
        amount(name, self.amount(), used, what, &self.words())
    }
}

/// What today lost. A gain is a loss below zero, so that the limit less what is used is what is left on any day.
fn day(share: &Share, lost: Money) -> LimitReport {
    let report = share.used("daily_loss", lost, "lost since 00:00 UTC");
    if lost >= Money::ZERO {
        return report;
    }
    let (gain, limit, room) = (Money::ZERO - lost, &report.limit, &report.room);
    let text = format!("gained since 00:00 UTC: {gain}, on top of {limit} ({}): {room} left", share.words());
    LimitReport { text, ..report }
}

fn amount(name: &'static str, limit: Money, used: Money, what: &str, of: &str) -> LimitReport {
    let room = (limit - used).max(Money::ZERO);
    let text = format!("{what}: {used} of {limit} used ({of}), {room} left");
    LimitReport { name, limit: limit.to_string(), used: used.to_string(), room: room.to_string(), text }
}

fn places(account: &Account, limits: &Limits) -> LimitReport {
    let (open, most) = (account.books.positions.len() + account.books.entries().count(), limits.max_positions);
    LimitReport {
        name: "positions",
        limit: most.to_string(),
        used: open.to_string(),
        room: most.saturating_sub(open).to_string(),
        text: format!("positions: {open} of {most} open, orders under way included"),
    }
}

fn one_trade(share: &Share) -> LimitReport {
    let limit = share.amount();
    LimitReport {
        name: "risk_per_trade",
        limit: limit.to_string(),
        used: Money::ZERO.to_string(),
        room: limit.to_string(),
        text: format!("one trade may lose {limit} at its stop ({})", share.words()),
    }
}
