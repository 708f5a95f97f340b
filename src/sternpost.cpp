#include "sternpost/cli/run_command.hpp"

int main(int argc, char** argv) {
    return sternpost::run_command(argc, argv);
}
