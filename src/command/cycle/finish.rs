//! The end of a cycle: which exit it is, the execution log, the summary.

use super::decide::failed;
use super::{Cycle, Stop, execution, exit_of};
use crate::clock;
use crate::command::Output;
use crate::command::account::Account;
use crate::command::notes::About;
use crate::command::output_file::OutputFile;
use crate::exit::Exit;
use crate::report::{
    self, Agent, AgentName, AgentStatus, FillReport, OrderReport, PairStatus, StrategyReport, to_json,
};
use crate::store::{Store, StoreError, Write};

impl Cycle<'_> {
    /// Judges the run and writes the execution log.
    pub(super) fn end(&mut self, store: &mut Store, decided: Result<(), Stop>) -> Result<Exit, Stop> {
        let exit = match decided {
            Ok(()) => self.judge(),
            Err(Stop::Market(fault)) => {
                self.stopped(Stop::Market(fault));
                self.judge()
            }
            Err(stop) => return Err(stop),
        };
        let status = match exit {
            Exit::Ok | Exit::Halted => AgentStatus::Ok,
            Exit::Degraded => AgentStatus::Degraded,
            Exit::Internal | Exit::Usage | Exit::Unavailable | Exit::Busy | Exit::Storage | Exit::Plugin(_) => {
                AgentStatus::Failed
            }
        };
        let collected = self.agents.iter().any(|a| a.name == AgentName::PriceCollector);
        if !collected && !self.repeat {
            // What stopped the run before it collected anything is the collector's failure.
            self.agents.push(self.part(AgentName::PriceCollector, AgentStatus::Failed, 0));
        }
        let decided = self.pairs.len() as u64;
        self.agents.push(self.part(AgentName::Orchestrator, status, decided));
        if !self.options.dry_run {
            self.log(store, exit)?;
        }
        Ok(exit)
    }

    /// A part that took as long as the run and failed for its first error.
    fn part(&self, name: AgentName, status: AgentStatus, items: u64) -> Agent {
        Agent { name, status, duration_ms: self.begun.watch.ms(), items, error: self.error_since(0) }
    }

    /// What a run that came to its end is worth.
    fn judge(&self) -> Exit {
        let of_use = |status| matches!(status, Some(PairStatus::Ok | PairStatus::Halted | PairStatus::NotReady));
        let statuses: Vec<Option<PairStatus>> = self.pairs.iter().map(report::Pair::status).collect();
        if !statuses.iter().any(|s| of_use(*s)) {
            Exit::Unavailable
        } else if self.account.as_ref().is_some_and(|account| !account.state.takes_entries()) {
            Exit::Halted
        } else if statuses.iter().all(|s| *s == Some(PairStatus::Ok)) && self.notes.errors.is_empty() {
            Exit::Ok
        } else {
            Exit::Degraded
        }
    }

    /// Takes note of what stopped the run.
    pub(super) fn stopped(&mut self, stop: Stop) -> Exit {
        let exit = exit_of(&stop);
        match stop {
            Stop::Store(error) => self.notes.store(&error),
            Stop::Market(fault) => {
                let told = self.notes.errors.iter().any(|e| e.text == fault.to_string());
                if !told {
                    self.notes.fault(About::Run, &fault);
                }
                if self.pairs.is_empty() {
                    self.pairs = self.symbols.iter().map(failed).collect();
                }
            }
        }
        exit
    }

    /// One line for the log: how the run ended.
    pub(super) fn tell_end(&self, exit: Exit) {
        let (orders, fills) = (self.orders.len(), self.fills.len());
        let (warnings, errors) = (self.notes.warnings.len(), self.notes.errors.len());
        let repeat = if self.repeat { ", repeated" } else { "" };
        log::info!(
            code = exit.name();
            "the run ended with {} ({}) after {} ms{repeat}: {} pairs, {orders} orders, {fills} fills, {warnings} warnings, {errors} errors",
            exit.name(), exit.code(), self.begun.watch.ms(), self.pairs.len()
        );
    }

    fn log(&mut self, store: &mut Store, exit: Exit) -> Result<(), StoreError> {
        let summary = to_json(&self.summary(exit), false);
        let notices = self.last_words(store, exit);
        self.record(store, |write| self.log_facts(write, exit, &summary), |write| self.tell_all(write, &notices))
    }

    fn log_facts(&self, write: &Write<'_>, exit: Exit, summary: &str) -> Result<(), StoreError> {
        write.add_run(&self.run_row())?;
        write.set_usage(&self.usage, clock::wall())?;
        for agent in &self.agents[self.logged..] {
            write.add_execution(&self.begun.run_id, &execution(agent, self.now))?;
        }
        let duration_ms = self.begun.watch.ms();
        let finished_at = self.now.plus_ms(i64::try_from(duration_ms).unwrap_or_default());
        write.end_run(&self.begun.run_id, finished_at, duration_ms, exit.code(), summary)?;
        if let Err(error) = self.note_circumstances(write) {
            log::warn!(code = error.code(); "the size of the database was not noted: {error}");
        }
        Ok(())
    }

    /// What the installation notes of itself. A run is worth the same without it.
    fn note_circumstances(&self, write: &Write<'_>) -> Result<(), StoreError> {
        if let Some(offset) = self.clock_offset_ms {
            write.set_clock_offset(&self.begun.run_id, offset)?;
        }
        write.note_size(self.now)
    }

    /// The summary, also written to a file where that was asked for.
    pub(super) fn say(&mut self, exit: Exit, file: Option<OutputFile>) -> Output {
        let text = to_json(&self.summary(exit), self.options.pretty);
        // A run that found another one at work has touched nothing, this file included.
        let file = file.filter(|_| exit != Exit::Busy);
        match file.map_or(Ok(()), |file| file.write(&text)) {
            Ok(()) => Output { text, exit },
            Err(error) => self.say_without_file(exit, &error),
        }
    }

    /// The decisions stand and are printed; the exit tells whoever waits for the file that it is missing, unless it tells
    /// something graver.
    fn say_without_file(&mut self, exit: Exit, error: &anyhow::Error) -> Output {
        let remedy = "check its folder, the space there and its rights; what else this run did stands";
        self.notes.complain("summary_file", About::Run, format!("{error:#}"), remedy);
        let exit = if exit == Exit::Storage { exit } else { Exit::Internal };
        Output { text: to_json(&self.summary(exit), self.options.pretty), exit }
    }

    /// The orders that this run placed; those that are not filled wait.
    fn order_reports(&self) -> Vec<OrderReport> {
        let waiting = self.account.as_ref().map(|account| account.books.orders.as_slice()).unwrap_or_default();
        self.orders.iter().map(|o| OrderReport::of(o, waiting.iter().any(|w| w.id == o.id))).collect()
    }

    fn summary(&self, exit: Exit) -> report::Cycle {
        report::Cycle {
            schema: "trader.cycle.v1",
            run_id: self.begun.run_id.clone(),
            status: exit.name(),
            exit_code: exit.code(),
            mode: "paper",
            source: self.source,
            dry_run: self.options.dry_run,
            repeat: self.repeat,
            now: self.now,
            as_of: self.timeframe().floor(self.now),
            duration_ms: self.begun.watch.ms(),
            version: env!("CARGO_PKG_VERSION"),
            strategy: StrategyReport {
                name: self.strategy.name.to_owned(),
                timeframe: self.timeframe().name(),
                hash: self.strategy.hash.clone(),
            },
            pairs: self.pairs.clone(),
            portfolio: self.account.as_ref().map(Account::report),
            orders: self.order_reports(),
            fills: self.fills.iter().map(FillReport::from).collect(),
            agents: self.agents.clone(),
            collected: report::Collected {
                requests: self.usage.requests,
                weight_used: self.usage.weight,
                ..self.collected
            },
            warnings: self.notes.warnings.clone(),
            errors: self.notes.errors.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::command::cycle::CycleOptions;
    use crate::exchange::Recording;
    use crate::report::Pair;
    use crate::settings::{Flags, Paths, Settings};
    use crate::unit::UtcMillis;

    #[test]
    fn a_run_is_ok_when_all_of_it_is_and_of_no_use_when_no_pair_could_be_judged() {
        let flags = Flags { db: Some("x.db".into()), ..Flags::default() };
        let settings = Settings::load(&flags, &[], &Paths::default()).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let mut market = Recording::open(folder.path(), Some(UtcMillis::new(1_710_288_000_000))).unwrap();
        let options = CycleOptions::default();
        for (statuses, errors, exit) in [
            (vec!["ok", "ok"], 0, Exit::Ok),
            (vec!["ok", "ok"], 1, Exit::Degraded),
            (vec!["ok", "failed"], 0, Exit::Degraded),
            (vec!["ok", "stale"], 0, Exit::Degraded),
            (vec!["halted"], 0, Exit::Degraded),
            (vec!["not_ready", "failed"], 0, Exit::Degraded),
            (vec!["stale", "failed"], 0, Exit::Unavailable),
            (vec!["a word of another version"], 0, Exit::Unavailable),
            (vec![], 0, Exit::Unavailable),
        ] {
            let mut cycle = Cycle::begin(&settings, &options, &mut market);
            cycle.pairs = statuses.iter().map(|s| Pair::Recorded(serde_json::json!({ "status": s }))).collect();
            for _ in 0..errors {
                cycle.notes.complain("timeout", About::Run, "late".to_owned(), "wait");
            }
            assert_eq!(cycle.judge(), exit, "{statuses:?} with {errors} errors");
        }
    }
}
