//! `[region_data]`: a file of prefixes with labels, read whole and now, and not if it is stale.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;
use std::sync::Arc;

use ringfence_fence::draft;
use ringfence_fence::{FileId, Origin};

use super::super::Diagnostic;
use super::super::bounds::REGION_DATA_AGE_DAYS;
use super::super::raw::{self, Item};
use super::super::settings::RegionData;
use super::Resolver;
use crate::region::file::{self, FILE_BYTES_MAX, Fault, Header, RegionFile};

/// Clocks differ; data of the day after tomorrow is a mistake, or an attempt to never be stale.
const DAYS_AHEAD_MAX: i64 = 1;

impl Resolver<'_> {
    /// The file's data. Without it, if one is named, nothing that regions say can be judged.
    pub(super) fn region_data(
        &mut self,
        raw: Option<&Item<raw::RegionData>>,
    ) -> Option<(RegionData, draft::RegionData)> {
        let data = raw.and_then(|raw| self.read_region_data(raw));
        self.data_lost = data.is_none() && (raw.is_some() || self.lost.holds(&["region_data"]));
        data
    }

    fn read_region_data(
        &mut self,
        raw: &Item<raw::RegionData>,
    ) -> Option<(RegionData, draft::RegionData)> {
        let max_age_days =
            self.number(&raw.max_age_days, "region_data.max_age_days", &REGION_DATA_AGE_DAYS);
        let Some(item) = &raw.file else {
            let help = "name the file that `ringfence region build` made: file = \"regions.cidr\"";
            self.missing(&["region_data", "file"], Some(self.at(raw)), help);
            return None;
        };
        let (named, path) = (self.at(item), self.base_dir().join(&**item));
        let bytes = self.read_file(&path, named)?;
        let file = self.sources.add_unshown(&path.display().to_string());
        let read =
            file::read(&bytes).map_err(|fault| self.report(broken(fault, file, named))).ok()?;
        let limit = raw.max_age_days.as_ref().map_or(named, |item| self.at(item));
        self.check_age(&read, max_age_days, file, limit)?;
        let RegionFile { header, first_line, table } = read;
        let prefixes = table.prefixes().len();
        let data = RegionData { file: path, max_age_days, date: header.date, prefixes };
        Some((data, draft::RegionData { file, first_line, table: Arc::new(table) }))
    }

    fn read_file(&mut self, path: &Path, named: Origin) -> Option<Vec<u8>> {
        let shown = path.display();
        match read(path) {
            Ok(bytes) if bytes.len() as u64 <= FILE_BYTES_MAX => return Some(bytes),
            Ok(_) => {
                let message = format!("{shown} is larger than {FILE_BYTES_MAX} bytes");
                self.error("file_too_large", named, message, "leave some labels out");
            }
            Err(error) => {
                let message = format!("{shown} cannot be read: {error}");
                let help = "check the path and its permissions; `ringfence region build` makes one";
                self.error("unreadable_file", named, message, help);
            }
        }
        None
    }

    /// Refuses data that is older than it may be, or not of this time at all.
    fn check_age(
        &mut self,
        read: &RegionFile,
        max_age_days: u32,
        file: FileId,
        limit: Origin,
    ) -> Option<()> {
        let Header { date, .. } = read.header;
        let age_days = date.days_until(self.surroundings.today);
        let at = Origin { file, line: read.date_line(), start: 0, end: 0 };
        if age_days > i64::from(max_age_days) {
            let message = format!(
                "the region data is of {date}, {age_days} days ago; {max_age_days} days are allowed"
            );
            let error = Diagnostic::error("stale_region_data", at, message);
            let error = error.related(limit, "for this limit");
            self.report(error.advise("fetch newer lists and run `ringfence region build` again"));
            return None;
        }
        if age_days < -DAYS_AHEAD_MAX {
            let message = format!("the region data is of {date}, which is yet to come");
            let error = Diagnostic::error("future_region_data", at, message);
            self.report(error.advise("check the clock of this host, and of the one that built it"));
            return None;
        }
        Some(())
    }
}

/// At most one byte more than a file may have.
fn read(path: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    File::open(path)?.take(FILE_BYTES_MAX + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}

fn broken(fault: Fault, file: FileId, named: Origin) -> Diagnostic {
    let at = Origin { file, line: fault.line, start: 0, end: 0 };
    let error = Diagnostic::error(fault.code, at, fault.message);
    error.related(named, "the file that is named here").advise(fault.help)
}
