//! Rows as Apache Parquet: groups of rows are gathered and written column by column, so that no more than one group is held.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::sync::Arc;

use parquet::basic::{LogicalType, Repetition, TimeUnit, Type as Physical};
use parquet::data_type::{ByteArray, ByteArrayType, DataType, DoubleType, Int64Type};
use parquet::file::properties::WriterProperties;
use parquet::file::writer::{SerializedFileWriter, SerializedRowGroupWriter};
use parquet::schema::types::{Type, TypePtr};

use crate::store::{Column, ColumnKind, Field};

/// Rows of a group: some megabytes.
const GROUP: usize = 32_768;

/// The values of one column in a group; `None` is unknown.
#[derive(Debug)]
enum Values {
    Text(Vec<Option<ByteArray>>),
    Whole(Vec<Option<i64>>),
    Real(Vec<Option<f64>>),
}

/// A table under way.
pub(super) struct Columnar {
    file: SerializedFileWriter<BufWriter<File>>,
    columns: Vec<Values>,
    rows: usize,
}

impl Columnar {
    pub(super) fn begin(file: BufWriter<File>, columns: &[Column]) -> io::Result<Self> {
        let properties = Arc::new(WriterProperties::builder().build());
        let file = SerializedFileWriter::new(file, schema(columns)?, properties).map_err(broken)?;
        let columns = columns.iter().map(|column| Values::of(column.kind)).collect();
        Ok(Self { file, columns, rows: 0 })
    }

    pub(super) fn add(&mut self, fields: Vec<Field>) -> io::Result<()> {
        for (values, field) in self.columns.iter_mut().zip(fields) {
            values.push(field);
        }
        self.rows += 1;
        if self.rows >= GROUP { self.write_group() } else { Ok(()) }
    }

    pub(super) fn end(mut self) -> io::Result<()> {
        if self.rows > 0 {
            self.write_group()?;
        }
        self.file.into_inner().map_err(broken)?.flush()
    }

    fn write_group(&mut self) -> io::Result<()> {
        self.rows = 0;
        let mut group = self.file.next_row_group().map_err(broken)?;
        for values in &mut self.columns {
            values.write(&mut group)?;
        }
        group.close().map(drop).map_err(broken)
    }
}

impl Values {
    const fn of(kind: ColumnKind) -> Self {
        match kind {
            ColumnKind::Text => Self::Text(Vec::new()),
            ColumnKind::Whole | ColumnKind::Instant => Self::Whole(Vec::new()),
            ColumnKind::Real => Self::Real(Vec::new()),
        }
    }

    /// A value of another kind than its column cannot be: tables are STRICT, and a whole number in a column of others is one.
    fn push(&mut self, field: Field) {
        match (self, field) {
            (Self::Text(values), Field::Text(text)) => values.push(Some(ByteArray::from(text.into_bytes()))),
            (Self::Text(values), Field::Whole(n)) => values.push(Some(ByteArray::from(n.to_string().into_bytes()))),
            (Self::Text(values), Field::Real(x)) => values.push(Some(ByteArray::from(x.to_string().into_bytes()))),
            (Self::Text(values), Field::Null) => values.push(None),
            (Self::Whole(values), Field::Whole(n)) => values.push(Some(n)),
            (Self::Whole(values), _) => values.push(None),
            (Self::Real(values), Field::Real(x)) => values.push(Some(x)),
            (Self::Real(values), Field::Whole(n)) => values.push(Some(n as f64)),
            (Self::Real(values), _) => values.push(None),
        }
    }

    fn write(&mut self, group: &mut SerializedRowGroupWriter<'_, BufWriter<File>>) -> io::Result<()> {
        match self {
            Self::Text(values) => write::<ByteArrayType>(group, std::mem::take(values)),
            Self::Whole(values) => write::<Int64Type>(group, std::mem::take(values)),
            Self::Real(values) => write::<DoubleType>(group, std::mem::take(values)),
        }
    }
}

/// The known values, and of each whether it is known.
fn write<T: DataType>(
    group: &mut SerializedRowGroupWriter<'_, BufWriter<File>>,
    values: Vec<Option<T::T>>,
) -> io::Result<()> {
    let known: Vec<i16> = values.iter().map(|value| i16::from(value.is_some())).collect();
    let values: Vec<T::T> = values.into_iter().flatten().collect();
    let mut column = group.next_column().map_err(broken)?.ok_or_else(|| io::Error::other("a column is missing"))?;
    column.typed::<T>().write_batch(&values, Some(&known), None).map_err(broken)?;
    column.close().map_err(broken)
}

fn schema(columns: &[Column]) -> io::Result<TypePtr> {
    let fields = columns.iter().map(|column| {
        let (physical, logical) = match column.kind {
            ColumnKind::Text => (Physical::BYTE_ARRAY, Some(LogicalType::String)),
            ColumnKind::Whole => (Physical::INT64, None),
            ColumnKind::Real => (Physical::DOUBLE, None),
            ColumnKind::Instant => (Physical::INT64, Some(LogicalType::timestamp(true, TimeUnit::MILLIS))),
        };
        let field = Type::primitive_type_builder(&column.name, physical).with_repetition(Repetition::OPTIONAL);
        field.with_logical_type(logical).build().map(Arc::new).map_err(broken)
    });
    let fields = fields.collect::<io::Result<Vec<_>>>()?;
    Type::group_type_builder("rows").with_fields(fields).build().map(Arc::new).map_err(broken)
}

fn broken(error: parquet::errors::ParquetError) -> io::Error {
    io::Error::other(error)
}
