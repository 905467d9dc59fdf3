//! Which packages of interfaces a component, or the contract inside a core module, names: looked at before any decoder puts them
//! in an order, because that follows from one package to the next, without an end where two name each other.

use wasmparser::{
    BinaryReaderError, ComponentType, ComponentTypeDeclaration, FromReader, InstanceTypeDeclaration, Parser,
    Payload, SectionLimited,
};

use super::CheckError;
use super::census::{Kind, broken};
use super::shape::{is_tolerated, refused_import};

const OURS: &str = "wasmill:job";
/// Where toolchains put the contract into a core module.
const CONTRACT: &str = "component-type";

/// Refuses a second package beside those of WASI, which name only one another: what passes here has an order.
pub(super) fn judge(upload: &[u8], kind: Kind) -> Result<(), CheckError> {
    if kind == Kind::Component {
        return judge_one(upload);
    }
    for payload in Parser::new(0).parse_all(upload) {
        if let Payload::CustomSection(section) = payload.map_err(broken)?
            && section.name().starts_with(CONTRACT)
        {
            judge_one(section.data())?;
        }
    }
    Ok(())
}

/// Looks at one component, or at one contract, which has the same form.
fn judge_one(bytes: &[u8]) -> Result<(), CheckError> {
    let mut names = Names::default();
    let mut nested = 0_u32;
    for payload in Parser::new(0).parse_all(bytes) {
        match payload.map_err(broken)? {
            Payload::ModuleSection { .. } | Payload::ComponentSection { .. } => nested += 1,
            Payload::End(_) => nested = nested.saturating_sub(1),
            // What nested components call their own is nobody's affair.
            _ if nested > 0 => {}
            Payload::ComponentTypeSection(types) => names.all(types, |names, ty| names.of_type(&ty))?,
            Payload::ComponentImportSection(imports) => {
                names.all(imports, |names, import| names.add(import.name.name))?;
            }
            Payload::ComponentExportSection(exports) => {
                names.all(exports, |names, export| names.add(export.name.name))?;
            }
            _ => {}
        }
    }
    Ok(())
}

/// What was seen so far.
#[derive(Default)]
struct Names {
    /// The one that is not WASI's: ours, or that of a module which is for somebody else.
    package: Option<Package>,
}

#[derive(PartialEq, Eq)]
struct Package {
    name: String,
    version: String,
}

impl Names {
    fn all<'a, T: FromReader<'a>>(
        &mut self,
        section: SectionLimited<'a, T>,
        add: impl Fn(&mut Self, T) -> Result<(), CheckError>,
    ) -> Result<(), CheckError> {
        section
            .into_iter()
            .try_for_each(|item| add(self, item.map_err(|error: BinaryReaderError| broken(error))?))
    }

    fn of_type(&mut self, ty: &ComponentType<'_>) -> Result<(), CheckError> {
        match ty {
            ComponentType::Component(declarations) => {
                for declaration in declarations {
                    match declaration {
                        ComponentTypeDeclaration::Type(inner) => self.of_type(inner)?,
                        ComponentTypeDeclaration::Export { name, .. } => self.add(name.name)?,
                        ComponentTypeDeclaration::Import(import) => self.add(import.name.name)?,
                        ComponentTypeDeclaration::CoreType(_) | ComponentTypeDeclaration::Alias(_) => {}
                    }
                }
                Ok(())
            }
            ComponentType::Instance(declarations) => {
                for declaration in declarations {
                    match declaration {
                        InstanceTypeDeclaration::Type(inner) => self.of_type(inner)?,
                        InstanceTypeDeclaration::Export { name, .. } => self.add(name.name)?,
                        InstanceTypeDeclaration::CoreType(_) | InstanceTypeDeclaration::Alias(_) => {}
                    }
                }
                Ok(())
            }
            _ => Ok(()),
        }
    }

    /// A name; only those of interfaces have a package.
    fn add(&mut self, name: &str) -> Result<(), CheckError> {
        let Some((package, rest)) = name.split_once('/') else { return Ok(()) };
        if is_tolerated(name) {
            return Ok(());
        }
        let version = rest.split_once('@').map_or("", |(_, version)| version);
        let found = Package { name: package.to_owned(), version: version.to_owned() };
        match &self.package {
            None => self.package = Some(found),
            Some(known) if *known == found => {}
            Some(known) if known.name == found.name => {
                let Package { name, version } = known;
                let reason = format!("it names `{name}` in the versions {version} and {}", found.version);
                return Err(CheckError::NotConvertible { reason });
            }
            Some(known) if found.name == OURS => {
                return Err(refused_import(&format!("{}@{}", known.name, known.version)));
            }
            Some(_) => return Err(refused_import(name)),
        }
        Ok(())
    }
}
