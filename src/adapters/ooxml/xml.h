#pragma once

#include <string>
#include <string_view>

#include <pugixml.hpp>

#include "adapters/ooxml/zip_archive.h"
#include "base/result.h"

// XML parts of a package. Element and attribute names are compared without their prefix: the
// prefix is the producer's choice.
namespace moat::adapters {

// The part parsed; white space in text kept. No entity is ever defined or fetched.
// Errors: those of ZipArchive::read; corrupt (no XML), unsupported (it has a DOCTYPE, which no
// Office program writes and attacks need).
Result<pugi::xml_document> read_xml(ZipArchive& archive, const std::string& name);

std::string_view local_name(const pugi::xml_node& node);
// The first child of that name; a null node when there is none.
pugi::xml_node child(const pugi::xml_node& node, std::string_view name);
// Empty when absent.
std::string_view attribute(const pugi::xml_node& node, std::string_view name);
// The "val" of the first child of that name, as most properties keep it; empty when absent.
std::string_view child_value(const pugi::xml_node& node, std::string_view name);
// A switch like <w:vanish/>: present and not "false", "0" or "off".
bool is_on(const pugi::xml_node& node, std::string_view name);

}  // namespace moat::adapters
