//! Settings of the job type: texts out of its route, no secrets.

use wasmill_job::Import;
use wasmtime::Result;

use crate::guest::Guest;
use crate::world::config;

impl config::Host for Guest {
    fn get(&mut self, name: String) -> Result<Option<String>> {
        let value = self.permit.grants().config.get(&name).cloned();
        self.meter.call(Import::Config, name.len() + value.as_ref().map_or(0, String::len))?;
        Ok(value)
    }

    fn names(&mut self) -> Result<Vec<String>> {
        let names: Vec<_> = self.permit.grants().config.keys().cloned().collect();
        self.meter.call(Import::Config, names.iter().map(String::len).sum())?;
        Ok(names)
    }
}
