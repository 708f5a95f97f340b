// Every key of the configuration file, in one table.
//
// Threads: any.
#pragma once

#include "sections.hpp"
#include "sternpost/config/config.hpp"

namespace sternpost {

ConfigKeys<Config> config_keys();

}  // namespace sternpost
